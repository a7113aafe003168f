import { parseContext, type ParsedContext } from '@bulkhead/domain/context';
import { BulkheadError, Redacted } from '@bulkhead/kernel';
import type { TenantContext } from '../context/tenant-context.js';
import { TenantCache } from '../cache/tenant-cache.js';
import type { Route } from '../routing/route.js';

/**
 * Gets a signed context for the route from the token service, in exchange for the caller's token. Asked when the one
 * inside of the token is for an earlier place.
 */
export type ContextExchange = (context: TenantContext, route: Route) => Promise<string>;

/** A context that would expire this soon is not used any more, milliseconds. */
const MARGIN_MS = 2_000;
const CAPACITY = 10_000;
/** Longer than any context lives: each says itself when it ends. */
const MAX_AGE_MS = 3_600_000;

interface Known {
  readonly text: Redacted;
  readonly expiresAtMs: number;
}

/** Signed contexts that were exchanged, by tenant, epoch and home. */
export class SignedContexts {
  readonly #exchange: ContextExchange;
  readonly #known = new TenantCache<Promise<Known>>({ capacity: CAPACITY, maxAgeMs: MAX_AGE_MS });

  constructor(exchange: ContextExchange) {
    this.#exchange = exchange;
  }

  /** @throws BulkheadError `tenant_context_refused` (500) when the token service answers for another tenant or place. */
  async contextFor(context: TenantContext, route: Route): Promise<string> {
    const own = context.signedContext;
    if (own !== undefined && fits(parsedOnce(own), route)) return own.reveal();
    const pending = this.#known.get(route, route.home);
    if (pending === undefined) return (await this.#ask(context, route)).text.reveal();
    // Somebody else's question may fail for reasons of its own, such as a token that was revoked: then we ask ourselves.
    const known = await pending.catch(() => undefined);
    if (known === undefined) return (await this.#ask(context, route)).text.reveal();
    if (known.expiresAtMs > Date.now() + MARGIN_MS) return known.text.reveal();
    // Of all who find it ended, the first asks and the others wait for the answer.
    this.#known.delete(route, route.home, pending);
    return this.contextFor(context, route);
  }

  #ask(context: TenantContext, route: Route): Promise<Known> {
    const asked = this.#exchange(context, route).then((text): Known => {
      const parsed = parseContext(text);
      if (!fits(parsed, route)) throw misfit();
      return { text: new Redacted(text), expiresAtMs: parsed.expiresAt * 1000 };
    });
    this.#known.set(route, route.home, asked);
    asked.catch(() => this.#known.delete(route, route.home, asked));
    return asked;
  }
}

const parsedContexts = new WeakMap<Redacted, ParsedContext>();

/** A request asks again for every statement; its context stays the same. */
function parsedOnce(text: Redacted): ParsedContext {
  let parsed = parsedContexts.get(text);
  if (parsed === undefined) parsedContexts.set(text, (parsed = parseContext(text.reveal())));
  return parsed;
}

function fits({ tenantId, home, epoch, expiresAt }: ParsedContext, route: Route): boolean {
  const right = tenantId === route.tenantId && home === route.home && epoch === route.epoch;
  return right && expiresAt * 1000 > Date.now() + MARGIN_MS;
}

function misfit(): BulkheadError {
  return new BulkheadError({
    code: 'tenant_context_refused',
    status: 500,
    publicMessage: 'The token service gave a context for another place or an ended one.',
    remediation: 'Compare the clocks of this service and the token service, and the placement of the tenant.',
  });
}
