import pg from 'pg';
import type { TenantContext } from '../context/tenant-context.js';
import { HomeConnections } from '../database/home-connections.js';
import { poolConfig } from '../database/pool-config.js';
import type { TenantDatabases } from '../database/tenant-databases.js';
import type { TenantTransaction } from '../database/tenant-transaction.js';
import {
  MESSAGE_CLASSES,
  type DeadMessage,
  type Delivery,
  type OutgoingMessage,
  type TenantQueue,
} from './delivery.js';

interface ClaimedRow {
  tenant_id: string;
  id: string;
  kind: string;
  attempt: number;
  claim: string;
}

interface DeadRow {
  id: string;
  kind: string;
  attempts: number;
  reason: string | null;
  body: Buffer;
}

/** The lanes of the shared queue, in the tenant's home (plane schema, files 0005 and 0006). */
export class Lanes implements TenantQueue {
  constructor(private readonly databases: TenantDatabases) {}

  async send(context: TenantContext, message: OutgoingMessage): Promise<void> {
    // One id, one message: a repetition changes nothing.
    await this.databases.withTenant(context, (tx) => sendIn(tx, message), { idempotent: true });
  }

  async dead(context: TenantContext, limit: number): Promise<readonly DeadMessage[]> {
    const text = 'SELECT id, kind, attempts, reason, body FROM tenancy.dead_messages($1)';
    const { rows } = await this.databases.query<DeadRow>(context, text, [limit]);
    return rows.map((row) => ({ ...row, reason: row.reason ?? '' }));
  }

  async revive(context: TenantContext, id: string): Promise<boolean> {
    return this.#did(context, 'SELECT tenancy.revive_message($1) AS did', [id]);
  }

  /** A claimed message of a home. */
  delivery({ tenant_id, id, kind, attempt, claim }: ClaimedRow, giveBack: Delivery['giveBack']): Delivery {
    const settle = async (context: TenantContext, outcome: string, pauseMs: number, reason: string | null) => {
      const text = 'SELECT tenancy.settle_message($1, $2, $3, $4, $5) AS did';
      await this.#did(context, text, [id, claim, outcome, Math.round(pauseMs), reason?.slice(0, 100) ?? null]);
    };
    return {
      tenantId: tenant_id,
      id,
      kind,
      attempt,
      read: async (context) => {
        const text = 'SELECT body FROM tenancy.read_message($1, $2)';
        const { rows } = await this.databases.query<{ body: Buffer }>(context, text, [id, claim]);
        return rows[0]?.body;
      },
      hold: async (context, ms) => {
        await this.#did(context, 'SELECT tenancy.hold_message($1, $2, $3) AS did', [id, claim, ms]);
      },
      done: (context) => settle(context, 'done', 0, null),
      again: (context, pauseMs, reason) => settle(context, 'again', pauseMs, reason),
      dead: (context, reason) => settle(context, 'dead', 0, reason),
      giveBack,
    };
  }

  async #did(context: TenantContext, text: string, values: unknown[]): Promise<boolean> {
    const { rows } = await this.databases.query<{ did: boolean }>(context, text, values);
    return rows[0]?.did === true;
  }
}

/** Sends inside of the caller's transaction: the message is there if, and only if, that commits. */
export async function sendIn(transaction: TenantTransaction, message: OutgoingMessage): Promise<void> {
  const { id, kind, messageClass, body, delayMs } = message;
  const lane = MESSAGE_CLASSES.indexOf(messageClass);
  await transaction.query('SELECT tenancy.send_message($1, $2, $3, $4, $5)', [id, lane, kind, body, delayMs]);
}

/** How long claiming and returning may take, milliseconds: who hears nothing frees its place, and the claim runs out. */
const ANSWER_MS = 10_000;

/** Address and login of a home's queue consumers, by the id of the home. */
export type ConsumerLogin = (home: string) => pg.ClientConfig | Promise<pg.ClientConfig>;

/**
 * Claims from the lanes of one home, whose turn it is, by a login that may do that and nothing else. Everything that
 * follows, from reading the message on, is done by the serving login in the tenant's own context.
 */
export class LaneClaims {
  readonly #pool: HomeConnections<pg.Pool>;

  constructor(
    connect: ConsumerLogin,
    home: string,
    private readonly lanes: Lanes,
  ) {
    this.#pool = new HomeConnections(
      async () => {
        const config = { ...poolConfig(await connect(home), 2), application_name: 'bulkhead-lanes' };
        const pool = new pg.Pool({ query_timeout: ANSWER_MS, ...config });
        pool.on('error', () => undefined);
        return pool;
      },
      (opened) => opened.end(),
    );
  }

  async claim(wanted: number, holdMs: number, perLane: number): Promise<Delivery[]> {
    const rows = await this.#ask<ClaimedRow>('SELECT * FROM tenancy.claim_messages($1, $2, $3)', [
      wanted,
      holdMs,
      perLane,
    ]);
    return rows.map((row) =>
      this.lanes.delivery(row, async (pauseMs) => {
        const { tenant_id, id, claim } = row;
        await this.#ask('SELECT tenancy.return_message($1, $2, $3, $4)', [tenant_id, id, claim, pauseMs]);
      }),
    );
  }

  async close(): Promise<void> {
    await this.#pool.close();
  }

  async #ask<Row extends pg.QueryResultRow>(text: string, values: unknown[]): Promise<Row[]> {
    const { rows } = await this.#pool.use((pool) => pool.query<Row>(text, values));
    return rows;
  }
}
