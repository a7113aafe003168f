import { idHex, type BindingId, type CellId } from '@bulkhead/kernel';

/**
 * Physical names derive from the binding (or the cell), never from the tenant: a tenant may hold a second binding of
 * one layer while that layer moves, and a warm slot has no tenant yet. Being deterministic, they are also how a
 * resource whose creation was cut off is found again.
 */
export interface PhysicalNames {
  /** RDS instance identifier: letter first, at most 63 characters. */
  readonly instance: string;
  /** Postgres database. */
  readonly database: string;
  /** NOLOGIN role that owns the tables. */
  readonly ownerRole: string;
  /** Login of the serving application; owns nothing and bypasses nothing. */
  readonly servingRole: string;
  /** Secrets Manager name of the serving role's password. */
  readonly servingSecret: string;
  /** Login that brings the workload's tables up to date: a member of the owner, with its rights only when it takes them. */
  readonly migratorRole: string;
  readonly migratorSecret: string;
  /** Login of the queue's consumers: may ask whose turn it is, and reaches no row. */
  readonly consumerRole: string;
  readonly consumerSecret: string;
  readonly bucket: string;
  /** Key prefix of a binding in a shared bucket. */
  readonly prefix: string;
  readonly keyAlias: string;
  readonly queue: string;
  readonly deadLetterQueue: string;
  /** Lane of a binding on a shared queue. */
  readonly lane: string;
  readonly role: string;
}

export function physicalNames(id: BindingId | CellId): PhysicalNames {
  const hex = idHex(id);
  const dashed = `bh-${hex}`;
  const plain = `bh_${hex}`;
  return {
    instance: dashed,
    database: plain,
    ownerRole: `${plain}_owner`,
    servingRole: `${plain}_app`,
    servingSecret: `bulkhead/${id}/serving`,
    migratorRole: `${plain}_migrator`,
    migratorSecret: `bulkhead/${id}/migrator`,
    consumerRole: `${plain}_consumer`,
    consumerSecret: `bulkhead/${id}/consumer`,
    bucket: dashed,
    prefix: `b/${hex}/`,
    keyAlias: `alias/bulkhead/${id}`,
    queue: dashed,
    deadLetterQueue: `${dashed}-dlq`,
    lane: hex,
    role: dashed,
  };
}
