import { BulkheadError } from '@bulkhead/kernel';
import { currentTenant, type TenantContext } from './tenant-context.js';

export interface TenantFetchOptions {
  /** Name of the service that is called: who its tokens are for. */
  readonly audience: string;
  /** Origin of the service that is called, `https://…`. Nothing is ever sent anywhere else. */
  readonly origin: string;
  /** Gets a token for the audience in exchange for the caller's own (RFC 8693): the same subject, at most its rights. */
  readonly exchange: (context: TenantContext, audience: string) => Promise<{ token: string; expiresAt: number }>;
  /** Defaults to the global `fetch`. */
  readonly fetch?: typeof fetch;
}

interface Exchanged {
  readonly token: string;
  /** Unix time, seconds. */
  readonly expiresAt: number;
}

/** A token that would expire this soon is exchanged again, seconds. */
const MARGIN_SECONDS = 10;

/**
 * A `fetch` for one other service. Each call carries a token of the current tenant for that service; the token that came
 * in never leaves: whoever got it could use it here in the caller's name.
 */
export function tenantFetch(options: TenantFetchOptions): (path: string, init?: RequestInit) => Promise<Response> {
  const { audience, origin, exchange, fetch: send = globalThis.fetch } = options;
  const base = new URL(origin);
  // By context, so that a token goes with the request that it was got for.
  const known = new WeakMap<TenantContext, Promise<Exchanged>>();

  async function tokenFor(context: TenantContext): Promise<string> {
    const soon = Date.now() / 1000 + MARGIN_SECONDS;
    const before = known.get(context);
    if (before !== undefined) {
      const { token, expiresAt } = await before;
      if (expiresAt > soon) return token;
    }
    const asked = exchange(context, audience);
    known.set(context, asked);
    asked.catch(() => known.delete(context));
    const { token } = await asked;
    if (token === context.token.reveal()) throw notExchanged();
    return token;
  }

  return async (path, init = {}) => {
    const context = currentTenant();
    const url = new URL(path, base);
    if (url.origin !== base.origin) throw elsewhere();
    const headers = new Headers(init.headers);
    headers.set('authorization', `Bearer ${await tokenFor(context)}`);
    // A redirection could lead out of the origin, with the token.
    return send(url, { ...init, headers, redirect: init.redirect === 'manual' ? 'manual' : 'error' });
  };
}

function elsewhere(): BulkheadError {
  return new BulkheadError({
    code: 'foreign_origin',
    status: 500,
    publicMessage: 'A call of another service was to go elsewhere.',
    remediation: 'Give a path of the service that the function was made for.',
  });
}

function notExchanged(): BulkheadError {
  return new BulkheadError({
    code: 'token_not_exchanged',
    status: 500,
    publicMessage: 'The token of the caller was to be passed on.',
    remediation: 'Exchange it at the token service for one of the other service’s audience.',
  });
}
