import type { EntitledTenant, EntitlementSet } from './entitlement-set.js';

/** Pairs of places in the table, a power of two. The table takes 256 KiB, and is there only for larger fleets. */
const PAIRS = 8_192;
/** A place is two neighbours, tenant and set; a pair of places stands in one line of the processor's cache. */
const PAIR_LENGTH = 4;
const SMALL_FLEET = 16_384;

/**
 * The set of every tenant. A map of a million tenants costs several times what one of a thousand does, because each
 * lookup meets memory that no cache holds. A process works for few tenants at a time, so those asked for last stand in
 * a table of fixed size before the map, and cost about the same in a fleet of any size. Nothing is allocated.
 */
export class TenantSets {
  readonly #sets = new Map<string, EntitlementSet>();
  #table: (string | EntitlementSet | undefined)[] | undefined;

  get size(): number {
    return this.#sets.size;
  }

  /** Takes rows over. What stood in the table is forgotten: it may have changed. */
  take(rows: readonly EntitledTenant[], whole: boolean): void {
    if (whole) this.#sets.clear();
    for (const { tenantId, set } of rows) this.#sets.set(tenantId, set);
    if (!whole && rows.length === 0) return;
    this.#table = this.#sets.size > SMALL_FLEET ? Array.from({ length: PAIRS * PAIR_LENGTH }) : undefined;
  }

  get(tenantId: string): EntitlementSet | undefined {
    const table = this.#table;
    if (table === undefined) return this.#sets.get(tenantId);
    const place = pairOf(tenantId) * PAIR_LENGTH;
    if (table[place] === tenantId) return table[place + 1] as EntitlementSet;
    if (table[place + 2] === tenantId) return table[place + 3] as EntitlementSet;
    const set = this.#sets.get(tenantId);
    // Strangers are left out: they would push out tenants.
    if (set === undefined) return undefined;
    table[place + 2] = table[place];
    table[place + 3] = table[place + 1];
    table[place] = tenantId;
    table[place + 1] = set;
    return set;
  }
}

/** The end of an id (UUIDv7) is random. What comes out for other texts only decides how fast they are found. */
function pairOf(tenantId: string): number {
  const end = tenantId.length;
  const last = tenantId.charCodeAt(end - 1) ^ (tenantId.charCodeAt(end - 2) << 3);
  return (last ^ (tenantId.charCodeAt(end - 3) << 6) ^ (tenantId.charCodeAt(end - 4) << 9)) & (PAIRS - 1);
}
