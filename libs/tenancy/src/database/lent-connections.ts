import pg from 'pg';
import type { TenantContext } from '../context/tenant-context.js';
import { HomeConnections } from './home-connections.js';
import { poolConfig } from './pool-config.js';
import { giveBack } from './session-reset.js';
import { TenantPlaces } from './tenant-places.js';

interface Lent {
  readonly pool: pg.Pool;
  readonly client: pg.PoolClient;
}

/** Connections to one home, each lent to one request at a time, and reset before it is lent to another. */
export class LentConnections {
  readonly #pools: HomeConnections<pg.Pool>;
  readonly #places: TenantPlaces;
  /** Given back in this turn of the event loop, and not reset yet: the same request, and no other, may go on with it. */
  readonly #resting = new Map<TenantContext, Lent>();

  /** @param connect gives address and login; read anew each time. */
  constructor(connect: () => pg.ClientConfig | Promise<pg.ClientConfig>, max: number) {
    this.#places = new TenantPlaces(max);
    this.#pools = new HomeConnections(
      async () => openPool(poolConfig(await connect(), max)),
      (pool) => pool.end(),
    );
  }

  /** Runs `work` on a connection. Statements of one request that follow each other at once share a session. */
  async run<T>(context: TenantContext, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const lent = this.#resumed(context) ?? (await this.#lend(context.tenantId));
    try {
      return await work(lent.client);
    } finally {
      this.#end(context, lent);
    }
  }

  async close(): Promise<void> {
    await this.#pools.close();
  }

  /** The tenant's place is free again when the connection is released. */
  async #lend(tenantId: string): Promise<Lent> {
    const free = await this.#places.take(tenantId);
    try {
      const lent = await this.#pools.use(async (pool) => ({ pool, client: await pool.connect() }));
      const release = lent.client.release.bind(lent.client);
      lent.client.release = (away) => {
        release(away);
        free();
      };
      return lent;
    } catch (error) {
      free();
      throw error;
    }
  }

  #resumed(context: TenantContext): Lent | undefined {
    const lent = this.#resting.get(context);
    this.#resting.delete(context);
    return lent;
  }

  /** Nobody waits for the reset; but where others wait for a connection, it begins at once. */
  #end(context: TenantContext, lent: Lent): void {
    const { pool, client } = lent;
    const reset = () => void giveBack(client, (away) => client.release(away));
    const isWanted = pool.waitingCount > 0 || this.#places.isWanted(context.tenantId);
    if (isWanted || this.#resting.has(context) || client.getTransactionStatus() !== 'I') return reset();
    this.#resting.set(context, lent);
    setImmediate(() => {
      if (this.#resting.get(context) !== lent) return;
      this.#resting.delete(context);
      reset();
    });
  }
}

function openPool(config: pg.PoolConfig): pg.Pool {
  const pool = new pg.Pool({ ...config, pipeline: true });
  // What breaks is told to the statements under way and leaves the pool; without listeners it would end the process.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}
