import type pg from 'pg';
import type { WorkloadProfile } from './workload-profile.js';

/** A database of tenants: a cell's, or a tenant's own. */
export interface DatabaseTarget {
  readonly kind: 'database';
  /** Id of the cell or binding, which is also the home that contexts are signed for. */
  readonly name: string;
  /** A login that may take the owner role and administers the serving role: the master. */
  readonly admin: pg.ClientConfig;
  /** The login that services use. With it, sessions are tried as they begin; without it, only from the inside. */
  readonly serving?: pg.ClientConfig;
  readonly ownerRole: string;
  readonly servingRole: string;
  /** The login that claims messages. */
  readonly consumerRole: string;
  /** Roles besides the admin that may act as the owner: the migrator, the mover. */
  readonly operators: readonly string[];
  readonly profile: WorkloadProfile;
  /** Fewer tenant tables than this make the proof void. */
  readonly leastTenantTables: number;
}

/** A relation of the workload, whoever may reach it. */
export interface Relation {
  readonly oid: number;
  /** Qualified and quoted where needed. */
  readonly name: string;
  /** `r` table, `p` partitioned table, `v` view, `m` materialized view, `f` foreign table, `S` sequence. */
  readonly kind: 'r' | 'p' | 'v' | 'm' | 'f' | 'S';
  readonly partition: boolean;
  readonly hasTenant: boolean;
  /** Someone but the owner has a right to it. */
  readonly reachable: boolean;
}
