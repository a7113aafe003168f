import type { Hash, NodeId, TreeNode } from '@bulkhead/domain/audit';
import { BulkheadError } from '@bulkhead/kernel';
import type { EntityManager } from 'typeorm';

/** Reads nodes, leaves included, in the order asked for; undefined stands for one that is not stored. */
export async function readStoredNodes(
  manager: EntityManager,
  nodes: readonly NodeId[],
): Promise<readonly (Hash | undefined)[]> {
  if (nodes.length === 0) return [];
  const rows: { hash: Buffer | null }[] = await manager.query(
    `select coalesce(n.hash, l.leaf_hash) as hash
       from unnest($1::smallint[], $2::bigint[]) with ordinality as wanted (level, index, place)
       left join control.audit_nodes n on wanted.level > 0 and n.level = wanted.level and n.index = wanted.index
       left join control.audit_leaves l on wanted.level = 0 and l.index = wanted.index
      order by wanted.place`,
    [nodes.map((node) => node.level), nodes.map((node) => node.index)],
  );
  return rows.map((row) => row.hash ?? undefined);
}

/**
 * As {@link readStoredNodes}, for those that must be there.
 * @throws BulkheadError `audit_log_damaged` (500) naming the first node that is missing.
 */
export async function readNodes(manager: EntityManager, nodes: readonly NodeId[]): Promise<readonly Hash[]> {
  const hashes = await readStoredNodes(manager, nodes);
  return hashes.map((hash, i) => hash ?? fail(nodes[i] as NodeId));
}

/** Stores the inner nodes among `completed`; leaves have a table of their own. */
export async function storeNodes(manager: EntityManager, completed: readonly TreeNode[]): Promise<void> {
  const inner = completed.filter((node) => node.level > 0);
  await manager.query(
    `insert into control.audit_nodes (level, index, hash) select * from unnest($1::smallint[], $2::bigint[], $3::bytea[])`,
    [inner.map((node) => node.level), inner.map((node) => node.index), inner.map((node) => node.hash)],
  );
}

function fail({ level, index }: NodeId): never {
  throw new BulkheadError({
    code: 'audit_log_damaged',
    status: 500,
    publicMessage: `The audit log has lost its node ${index} of level ${level}.`,
    remediation: 'Export the whole log from index 0 and run the offline verifier on it: it names the first bad entry.',
  });
}
