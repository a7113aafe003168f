import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { BulkheadError, Redacted } from '@bulkhead/kernel';
import type { Logger } from '@bulkhead/runtime';
import type { ContextExchange, IssuedToken } from '@bulkhead/tenancy';
import type { AccessTokens } from './access-tokens.js';

interface Revocation {
  readonly tenantId: string;
  readonly tokenId: string | null;
  readonly subject: string | null;
  readonly issuedUpTo: number | null;
}

interface RevocationList {
  readonly data: readonly Revocation[];
  readonly pollSeconds: number;
  readonly staleSeconds: number;
}

const TIMEOUT_MS = 5_000;
const FIRST_PAUSE_MS = 500;

/** What the service asks the control plane: which tokens were revoked, and for a context after a tenant has moved. */
export class ControlPlane {
  readonly #stop = new AbortController();
  #list: RevocationList | undefined;
  #listedAt = -Infinity;
  #polling: Promise<void> = Promise.resolve();

  /** @param url base address of the control plane's API, without a slash at the end. */
  constructor(
    private readonly url: string,
    private readonly tokens: AccessTokens,
    private readonly logger: Logger,
  ) {}

  /** Fetches the list of revoked tokens and keeps it fresh until {@link close}. */
  async open(): Promise<void> {
    await this.#poll();
    this.#polling = this.#follow();
  }

  /** @throws Error when the list is older than it may be: then no token can be believed. */
  isRevoked({ id, tenantId, subject, issuedAt }: IssuedToken): boolean {
    const list = this.#list;
    // Said so that a figure that is none makes the list stale.
    if (list === undefined || !(performance.now() - this.#listedAt <= list.staleSeconds * 1000))
      throw new Error('The list of revoked tokens is stale');
    return list.data.some(
      (one) =>
        one.tenantId === tenantId &&
        (one.tokenId === null
          ? issuedAt <= (one.issuedUpTo ?? -Infinity) && (one.subject === null || one.subject === subject)
          : one.tokenId === id),
    );
  }

  readonly exchange: ContextExchange = async ({ tenantId, token }) => {
    const answer = await this.#call<{ context: string }>(`/v1/tenants/${tenantId}/contexts`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': randomUUID() },
      body: JSON.stringify({ token: token.reveal() }),
    });
    return answer.context;
  };

  /** A token for the service itself. The service's identity must be one that may have such tokens. */
  async issueToken(tenantId: string, { id, roles }: { id: string; roles: readonly string[] }): Promise<Redacted> {
    const { token } = await this.#call<{ token: string }>(`/v1/tenants/${tenantId}/tokens`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': randomUUID() },
      body: JSON.stringify({ audience: 'clinic', subject: { kind: 'service', id }, roles, database: true }),
    });
    return new Redacted(token);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#polling;
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stop;
    let pauseMs = (this.#list?.pollSeconds ?? 1) * 1000;
    let isReachable = true;
    while (!signal.aborted) {
      await delay(pauseMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      try {
        await this.#poll();
        isReachable = true;
        pauseMs = (this.#list?.pollSeconds ?? 1) * 1000;
      } catch (error) {
        if (isReachable) this.logger.warn('The list of revoked tokens cannot be read now.', { error });
        isReachable = false;
        pauseMs = FIRST_PAUSE_MS;
      }
    }
  }

  async #poll(): Promise<void> {
    const askedAt = performance.now();
    this.#list = await this.#call<RevocationList>('/v1/token-revocations');
    this.#listedAt = askedAt;
  }

  async #call<T>(path: string, init: RequestInit = {}): Promise<T> {
    const headers = { ...init.headers, authorization: `Bearer ${await this.tokens.current()}` };
    const response = await fetch(`${this.url}${path}`, { ...init, headers, signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (response.ok) return (await response.json()) as T;
    const { errorCode = 'unknown' } = (await response.json().catch(() => ({}))) as { errorCode?: string };
    throw new BulkheadError({
      code: errorCode,
      status: response.status === 422 ? 401 : 503,
      retryable: response.status !== 422,
      publicMessage: 'The control plane did not answer for this token.',
      remediation: 'Get a new token and send the request again.',
    });
  }
}
