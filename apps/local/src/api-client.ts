import { BulkheadError } from '@bulkhead/kernel';

export interface VersionRef {
  readonly name: string;
  readonly version: number;
}

export interface TenantView {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  readonly region: string;
  readonly tier: VersionRef;
  readonly plan: VersionRef;
  readonly quantity: number;
  readonly state: string;
}

export interface BindingView {
  readonly layer: string;
  readonly bindingId: string;
  readonly isolation: string;
  readonly outputs: Readonly<Record<string, string | number>>;
}

export interface FailureView {
  readonly code: string;
  readonly message: string;
  readonly remediation: string;
}

export interface StepView {
  readonly name: string;
  readonly state: 'pending' | 'running' | 'waiting' | 'succeeded' | 'failed' | 'compensated';
  readonly attempt: number;
  readonly waitingFor: string | null;
  readonly error: FailureView | null;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
}

export interface OperationView {
  readonly id: string;
  readonly kind: string;
  readonly tenantId: string | null;
  readonly state: string;
  readonly error: FailureView | null;
  readonly result: Readonly<Record<string, unknown>> | null;
  readonly createdAt: string;
  readonly finishedAt: string | null;
}

export interface OperationDetail extends OperationView {
  readonly steps: readonly StepView[];
}

interface Page<T> {
  readonly data: readonly T[];
  readonly hasMore: boolean;
}

interface Problem {
  readonly errorCode?: string;
  readonly title?: string;
  readonly detail?: string;
  readonly remediation?: string;
}

const TOKEN_KEPT_MS = 30 * 60_000;

/** The public HTTP API as a platform admin sees it. */
export class ApiClient {
  readonly #base: string;
  readonly #freshToken: () => Promise<string>;
  #token: { readonly text: string; readonly until: number } | undefined;

  /** @param freshToken gives an access token that is valid for an hour. */
  constructor(base: string, freshToken: () => Promise<string>) {
    this.#base = base;
    this.#freshToken = freshToken;
  }

  /** @throws BulkheadError with what the API's problem document says (RFC 9457). */
  async get<T>(path: string): Promise<T> {
    return (await this.#call('GET', path)) as T;
  }

  /** All items of a list, page after page. */
  async list<T extends { readonly id: string }>(path: string): Promise<T[]> {
    const items: T[] = [];
    for (;;) {
      const url = new URL(path, this.#base);
      url.searchParams.set('limit', '100');
      const last = items.at(-1);
      if (last) url.searchParams.set('starting_after', last.id);
      const page = await this.get<Page<T>>(`${url.pathname}${url.search}`);
      items.push(...page.data);
      if (!page.hasMore) return items;
    }
  }

  /** @param idempotencyKey makes a repetition harmless: the API answers it as it answered the first call. */
  async post<T>(path: string, body: unknown, idempotencyKey: string): Promise<T> {
    return (await this.#call('POST', path, body, idempotencyKey)) as T;
  }

  async #call(method: string, path: string, body?: unknown, idempotencyKey?: string): Promise<unknown> {
    const headers: Record<string, string> = { authorization: `Bearer ${await this.#validToken()}` };
    if (body !== undefined) headers['content-type'] = 'application/json';
    if (idempotencyKey !== undefined) headers['idempotency-key'] = idempotencyKey;
    const text = body === undefined ? undefined : JSON.stringify(body);
    const response = await fetch(`${this.#base}${path}`, {
      method,
      headers,
      ...(text !== undefined && { body: text }),
    });
    const answer: unknown = await response.json();
    if (response.ok) return answer;
    const problem = answer as Problem;
    throw new BulkheadError({
      code: problem.errorCode ?? 'unknown',
      status: response.status,
      publicMessage: `${method} ${path} was refused: ${problem.detail ?? problem.title ?? response.status}`,
      remediation: problem.remediation ?? 'Read logs/api.log in the state folder.',
    });
  }

  async #validToken(): Promise<string> {
    if (!this.#token || this.#token.until < Date.now()) {
      this.#token = { text: await this.#freshToken(), until: Date.now() + TOKEN_KEPT_MS };
    }
    return this.#token.text;
  }
}
