import type { LayerPlaces } from '@bulkhead/domain';
import { AWS_TIME_LIMITS } from '@bulkhead/kernel';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { TenantLayer } from './tenant-layers.js';
import type { SessionCredentials, TenantSessions } from './tenant-sessions.js';
import { regionOf } from './tenant-sessions.js';

/** What every client of an AWS service is made with. */
export interface ClientConfig {
  readonly region: string;
  readonly endpoint?: string;
  readonly credentials: SessionCredentials;
  readonly requestHandler: NodeHttpHandler;
}

/** One client for each session that is in use; all of them share connections, which carry no identity. */
export class TenantClients<Client> {
  readonly #made = new WeakMap<SessionCredentials, Client>();
  readonly #handler = new NodeHttpHandler(AWS_TIME_LIMITS);

  constructor(
    private readonly sessions: TenantSessions,
    private readonly make: (config: ClientConfig) => Client,
  ) {}

  /** The client whose requests are signed with these credentials. */
  clientFor(layer: TenantLayer<keyof LayerPlaces>, credentials: SessionCredentials): Client {
    let client = this.#made.get(credentials);
    if (client === undefined) {
      const { endpoint } = this.sessions;
      client = this.make({
        region: regionOf(layer.place.keyArn),
        ...(endpoint !== undefined && { endpoint }),
        credentials: { ...credentials },
        requestHandler: this.#handler,
      });
      this.#made.set(credentials, client);
    }
    return client;
  }

  close(): void {
    this.#handler.destroy();
  }
}
