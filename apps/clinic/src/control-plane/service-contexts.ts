import type { ContextExchange, TenantContext, TenantTokens } from '@bulkhead/tenancy';
import type { ControlPlane } from './control-plane.js';

/** A context is renewed so long before its token ends, milliseconds. */
const MARGIN_MS = 60_000;
const CAPACITY = 10_000;

/** What the service is in its own tokens. */
export interface ServiceSubject {
  readonly id: string;
  readonly roles: readonly string[];
}

/** The contexts in which a service works for tenants by itself, by a token of its own for each of them. */
export class ServiceContexts {
  readonly #known = new Map<string, Promise<TenantContext>>();

  constructor(
    private readonly control: ControlPlane,
    private readonly tokens: TenantTokens,
    private readonly subject: ServiceSubject,
  ) {}

  /** @throws BulkheadError of the control plane or of {@link TenantTokens.verify}: then the tenant's work waits. */
  async of(tenantId: string): Promise<TenantContext> {
    const known = await this.#known.get(tenantId);
    if (known !== undefined && known.expiresAt * 1000 > Date.now() + MARGIN_MS) return known;
    return await this.#ask(tenantId);
  }

  /** A tenant that has moved: a new token holds the context for where it is now. */
  readonly exchange: ContextExchange = async ({ tenantId }) => {
    const { signedContext } = await this.#ask(tenantId);
    return signedContext?.reveal() ?? '';
  };

  #ask(tenantId: string): Promise<TenantContext> {
    const asked = this.control.issueToken(tenantId, this.subject).then((token) => this.tokens.verify(token.reveal()));
    this.#known.delete(tenantId);
    this.#known.set(tenantId, asked);
    asked.catch(() => {
      if (this.#known.get(tenantId) === asked) this.#known.delete(tenantId);
    });
    const [oldest] = this.#known.keys();
    if (this.#known.size > CAPACITY && oldest !== undefined) this.#known.delete(oldest);
    return asked;
  }
}
