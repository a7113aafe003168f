import type pg from 'pg';
import type { Feed } from '../feed/feed.js';
import { FEED_TIMEOUT_MS, openPostgresFeed, type PostgresFeedOptions } from '../feed/postgres-feed.js';
import { entitlementSet, type EntitledTenant, type EntitlementSet, type EntitlementSource } from './entitlement-set.js';

export interface PostgresEntitlementsOptions extends PostgresFeedOptions {
  /** Relation of the sets that rows point to; schema and name. */
  readonly sets?: readonly [schema: string, name: string];
}

interface SetRow {
  id: string;
  modules: string[];
  quotas: Record<string, number>;
}

/** Entitlements out of the control database: `workload.entitlement` and its sets, unless told otherwise. */
export class PostgresEntitlements implements EntitlementSource {
  /** Sets never change, so they are asked for once, and all tenants of one set share one object. */
  readonly #sets = new Map<string, EntitlementSet>();

  constructor(private readonly options: PostgresEntitlementsOptions) {}

  open(doorbell: () => void): Promise<Feed<EntitledTenant>> {
    const { sets = ['workload', 'entitlement_set'], ...options } = this.options;
    return openPostgresFeed<{ tenant_id: string; set_id: string }, EntitledTenant>(
      {
        relation: ['workload', 'entitlement'],
        channel: 'workload_entitlement',
        timeoutMs: FEED_TIMEOUT_MS,
        ...options,
        columns: ['set_id'],
        read: async (rows, client) => {
          await this.#learn(client, sets, new Set(rows.map(({ set_id }) => set_id)));
          return rows.map(({ tenant_id, set_id }) => ({ tenantId: tenant_id, set: this.#set(set_id) }));
        },
      },
      doorbell,
    );
  }

  async #learn(client: pg.Client, sets: readonly string[], wanted: ReadonlySet<string>): Promise<void> {
    const unknown = [...wanted].filter((id) => !this.#sets.has(id));
    if (unknown.length === 0) return;
    const name = sets.map((part) => client.escapeIdentifier(part)).join('.');
    const { rows } = await client.query<SetRow>(`SELECT id, modules, quotas FROM ${name} WHERE id = ANY($1)`, [
      unknown,
    ]);
    for (const { id, modules, quotas } of rows) this.#sets.set(id, entitlementSet(modules, quotas));
  }

  #set(id: string): EntitlementSet {
    const set = this.#sets.get(id);
    if (set === undefined) throw new Error('A tenant points to entitlements that are not there');
    return set;
  }
}
