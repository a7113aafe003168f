import { BulkheadError } from '@bulkhead/kernel';
import type { Connection, Package } from './resource-type.js';
import type { Properties } from './values.js';

/** Most engine connections whose configuration is remembered; one Pulumi run opens about one for each provider. */
const MAX_CONNECTIONS = 1_000;

/**
 * The configurations of the engine connections. The engine opens a connection for each provider resource and configures
 * it before anything else; one server serves them all, so only the connection tells whose region and tags are meant.
 */
export class Connections<C> {
  readonly #package: Package<C>;
  readonly #byPeer = new Map<string, Connection<C>>();

  constructor(served: Package<C>) {
    this.#package = served;
  }

  configure(peer: string, configuration: Properties): void {
    this.#byPeer.delete(peer);
    this.#byPeer.set(peer, this.#package.configure(configuration));
    const oldest = this.#byPeer.keys().next().value;
    if (this.#byPeer.size > MAX_CONNECTIONS && oldest !== undefined) this.#byPeer.delete(oldest);
  }

  /** @throws BulkheadError `not_configured`: another run's configuration must not be taken in its place. */
  of(peer: string): Connection<C> {
    const connection = this.#byPeer.get(peer);
    if (connection !== undefined) return connection;
    throw new BulkheadError({
      code: 'not_configured',
      status: 409,
      publicMessage: `A connection to provider "${this.#package.name}" was used before it was configured.`,
      remediation: 'Run the Pulumi operation again.',
    });
  }
}
