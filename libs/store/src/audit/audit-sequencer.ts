import { setTimeout as delay } from 'node:timers/promises';
import {
  appendLeaves,
  leafHash,
  readTree,
  rootOf,
  type CheckpointAnchor,
  type CheckpointSigner,
  type GrowingTree,
} from '@bulkhead/domain/audit';
import { BulkheadError } from '@bulkhead/kernel';
import type { DataSource, EntityManager } from 'typeorm';
import { readNodes, storeNodes } from './stored-tree.js';

/** Held by the one sequencer that works; any constant will do that nothing else in this database uses. */
const SEQUENCER_LOCK = 7_264_118_003;
const BATCH = 1000;

export interface AuditSequencerOptions {
  /** Control database, as the worker's role. */
  readonly source: DataSource;
  readonly signer: CheckpointSigner;
  readonly anchor: CheckpointAnchor;
  /** Told of each failed attempt in {@link AuditSequencer.run}, which then goes on trying. */
  readonly onError: (error: unknown) => void;
  /** Milliseconds between looks at an empty queue. */
  readonly pollMs?: number;
  /** Milliseconds between anchorings; checkpoints in between are covered by the next one. */
  readonly anchorMs?: number;
}

/**
 * Gives queued leaves their places in the Merkle tree, signs a checkpoint for each batch and anchors checkpoints
 * outside the database. Any number may run: one works at a time. It may die at any point, because a batch is one
 * transaction and anchoring can be repeated.
 */
export class AuditSequencer {
  readonly #options: Required<AuditSequencerOptions>;

  constructor(options: AuditSequencerOptions) {
    this.#options = { pollMs: 200, anchorMs: 1000, ...options };
  }

  /**
   * Integrates at most one batch (1000 leaves).
   * @returns how many leaves; 0 when none waits or another sequencer works.
   */
  integrateBatch(): Promise<number> {
    // READ COMMITTED: each statement after the lock must see what the previous holder has committed.
    return this.#options.source.transaction('READ COMMITTED', async (manager) => {
      const [lock] = await manager.query('select pg_try_advisory_xact_lock($1) as held', [SEQUENCER_LOCK]);
      return lock.held ? this.#integrate(manager) : 0;
    });
  }

  async #integrate(manager: EntityManager): Promise<number> {
    const entries = await takeQueued(manager);
    if (entries.length === 0) return 0;
    const tree = await this.#currentTree(manager);
    const hashes = entries.map((entry) => leafHash(entry));
    const { tree: grown, completed } = appendLeaves(tree, hashes);
    await manager.query(
      `insert into control.audit_leaves (index, leaf_hash, entry)
       select $1::bigint + place - 1, hash, entry
         from unnest($2::bytea[], $3::text[]) with ordinality as leaf (hash, entry, place)`,
      [tree.size, hashes, entries],
    );
    await storeNodes(manager, completed);
    const root = rootOf(grown.frontier);
    // A signature that is rolled back was seen by nobody: checkpoints are read from the table only.
    const note = this.#options.signer.sign(grown.size, root);
    await manager.query('insert into control.audit_checkpoints (size, root, note) values ($1, $2, $3)', [
      grown.size,
      root,
      note,
    ]);
    return entries.length;
  }

  /** @throws BulkheadError `audit_log_damaged` rather than sign what does not extend the last checkpoint. */
  async #currentTree(manager: EntityManager): Promise<GrowingTree> {
    const rows = await manager.query('select size, root from control.audit_checkpoints order by size desc limit 1');
    if (rows.length === 0) return { size: 0, frontier: [] };
    const [{ size, root }] = rows as [{ size: string; root: Buffer }];
    const tree = await readTree(Number(size), (nodes) => readNodes(manager, nodes));
    if (rootOf(tree.frontier).equals(root)) return tree;
    throw new BulkheadError({
      code: 'audit_log_damaged',
      status: 500,
      publicMessage: `The stored audit tree of ${size} entries does not have the root that was signed for it.`,
      remediation:
        'Export the whole log from index 0 and run the offline verifier on it: it names the first bad entry.',
    });
  }

  /**
   * Puts the newest checkpoint that is not anchored yet to the anchor. It commits to all entries before it, so earlier
   * ones that wait are marked with the same reference.
   * @returns its size, or undefined when none waits.
   */
  async anchorPending(signal?: AbortSignal): Promise<number | undefined> {
    const { source, signer, anchor } = this.#options;
    const rows: { size: string; note: string }[] = await source.query(
      'select size, note from control.audit_checkpoints where anchored_at is null order by size desc limit 1',
    );
    const [newest] = rows;
    if (!newest) return undefined;
    // Numbers of one width, so that a listing of the bucket is in order.
    const name = `${signer.origin}/checkpoints/${newest.size.padStart(16, '0')}`;
    const ref = await anchor.put(name, Buffer.from(newest.note), signal);
    await source.query(
      'update control.audit_checkpoints set anchored_at = now(), anchor_ref = $2 where anchored_at is null and size <= $1',
      [newest.size, ref],
    );
    return Number(newest.size);
  }

  /**
   * Works until `signal` is aborted, then ends after the batch in hand. It polls: NOTIFY would make all commits of the
   * database queue for one lock. An anchor that does not answer holds up no batch.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { pollMs, anchorMs } = this.#options;
    const integrate = this.#repeat(signal, async () => ((await this.integrateBatch()) === BATCH ? 0 : pollMs));
    const anchor = this.#repeat(signal, async () => {
      await this.anchorPending(signal);
      return anchorMs;
    });
    await Promise.all([integrate, anchor]);
  }

  /** @param work gives the milliseconds to pause before it is called again. */
  async #repeat(signal: AbortSignal, work: () => Promise<number>): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      let pause: number;
      try {
        pause = await work();
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        this.#options.onError(error);
        pause = Math.min(250 * 2 ** failures++, 10_000);
      }
      await delay(pause, undefined, { signal }).catch(() => undefined);
    }
  }
}

/**
 * Takes what is visible now, oldest first. Leaves of slower transactions with lower numbers become visible later and
 * are taken by a later batch: the queue is emptied by deleting, not by remembering a number, so none is skipped.
 */
async function takeQueued(manager: EntityManager): Promise<string[]> {
  const rows: { entry: string }[] = await manager.query(
    `with taken as (
       delete from control.audit_queue
        where id in (select id from control.audit_queue order by id limit $1)
        returning id, entry)
     select entry from taken order by id`,
    [BATCH],
  );
  return rows.map((row) => row.entry);
}
