import {
  proveConsistency,
  readTree,
  rootOf,
  writeHeader,
  writeLine,
  type Hash,
  type NodeId,
} from '@bulkhead/domain/audit';
import type { EntityManager } from 'typeorm';
import { readNodes, readStoredNodes } from './stored-tree.js';

const PAGE = 1000;

export interface ExportRequest {
  /** Note, size and root of the checkpoint that the export is proven against. */
  readonly checkpoint: string;
  readonly size: number;
  readonly root: string;
  readonly from: number;
  readonly to: number;
  readonly publicKeys: readonly string[];
}

/**
 * Writes an export. Leaves never change, so it needs no transaction. A damaged log is exported as it stands, gaps
 * included: it is the verifier that must see them.
 */
export async function* exportLines(manager: EntityManager, request: ExportRequest): AsyncGenerator<string, void> {
  const { checkpoint, size, from, to, publicKeys } = request;
  const read = (nodes: readonly NodeId[]): Promise<readonly Hash[]> => readNodes(manager, nodes);
  yield writeHeader({
    format: 'bulkhead-audit-export/1',
    checkpoint,
    publicKeys,
    from,
    to,
    frontier: (await readTree(from, read)).frontier,
    fromProof: await proveConsistency(from, to, read),
    // The whole log needs none of its inner nodes for this, so that it can be exported whatever was done to them.
    root: to === size ? Buffer.from(request.root, 'base64') : rootOf((await readTree(to, read)).frontier),
    toProof: await proveConsistency(to, size, read),
  });
  for (let start = from; start < to; start += PAGE) yield* pageLines(manager, start, Math.min(start + PAGE, to));
}

async function* pageLines(manager: EntityManager, start: number, end: number): AsyncGenerator<string, void> {
  const leaves: { index: string; entry: string; leaf_hash: Buffer }[] = await manager.query(
    'select index, entry, leaf_hash from control.audit_leaves where index >= $1 and index < $2 order by index',
    [start, end],
  );
  const signed: { size: string; note: string }[] = await manager.query(
    'select size, note from control.audit_checkpoints where size > $1 and size <= $2',
    [start, end],
  );
  const notes = new Map(signed.map((row) => [Number(row.size), row.note]));
  const ids = leaves.map((leaf) => completedBy(Number(leaf.index)));
  const hashes = (await readStoredNodes(manager, ids.flat())).values();
  for (const [i, leaf] of leaves.entries()) {
    const index = Number(leaf.index);
    const nodes = (ids[i] as NodeId[]).map(() => hashes.next().value);
    yield writeLine({ leaf: { index, text: leaf.entry, leafHash: leaf.leaf_hash, nodes } });
    const checkpoint = notes.get(index + 1);
    if (checkpoint !== undefined) yield writeLine({ checkpoint });
  }
}

/** The subtrees from level 1 upwards whose last leaf this is. */
function completedBy(leaf: number): NodeId[] {
  const nodes: NodeId[] = [];
  for (let level = 1, index = leaf; index % 2 === 1; level++) nodes.push({ level, index: (index = (index - 1) / 2) });
  return nodes;
}
