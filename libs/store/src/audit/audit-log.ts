import type { AuditEntry } from '@bulkhead/domain';
import { proveConsistency, proveInclusion, readTree, rootOf, type Hash, type NodeId } from '@bulkhead/domain/audit';
import { BulkheadError } from '@bulkhead/kernel';
import type { DataSource } from 'typeorm';
import { exportLines } from './export-lines.js';
import { readNodes } from './stored-tree.js';

export interface AuditFilter {
  readonly entryId?: string;
  readonly tenantId?: string;
  readonly operationId?: string;
  readonly action?: string;
  /** At most this many events, 1 to 1000. */
  readonly limit: number;
  /** Index of the last event of the previous page. */
  readonly startingAfter?: number;
}

/** An entry and its place in the log. */
export interface AuditEvent extends AuditEntry {
  readonly index: number;
}

export interface AuditCheckpoint {
  readonly size: number;
  /** Standard base64. */
  readonly root: string;
  /** The signed note (C2SP tlog-checkpoint). */
  readonly note: string;
  readonly signedAt: Date;
  readonly anchoredAt: Date | null;
  readonly anchorRef: string | null;
}

/** Proofs of RFC 6962; hashes are standard base64. */
export interface InclusionProof {
  readonly index: number;
  readonly size: number;
  readonly leafHash: string;
  readonly root: string;
  readonly hashes: readonly string[];
}
export interface ConsistencyProof {
  readonly first: number;
  readonly second: number;
  readonly hashes: readonly string[];
}

const toBase64 = (hash: Hash): string => hash.toString('base64');

/** Reads the integrated part of the audit log; what is still queued is not in it. Any role may read. */
export class AuditLog {
  readonly #read: (nodes: readonly NodeId[]) => Promise<readonly Hash[]>;

  /** @param publicKeys verifier keys of the log, the current and earlier ones; named in exports for information. */
  constructor(
    private readonly source: DataSource,
    private readonly publicKeys: readonly string[],
  ) {
    this.#read = (nodes) => readNodes(source.manager, nodes);
  }

  /** A page of events, the newest first. */
  async events(filter: AuditFilter): Promise<{ data: AuditEvent[]; hasMore: boolean }> {
    const { entryId, tenantId, operationId, action, limit, startingAfter } = filter;
    const wanted = { entry_id: entryId, tenant_id: tenantId, operation_id: operationId, action };
    const given = Object.entries(wanted).filter(([, value]) => value !== undefined);
    const conditions = given.map(([column], i) => `${column} = $${i + 3}`);
    const rows: { index: string; entry: string }[] = await this.source.query(
      `select index, entry from control.audit_leaves
        where ${['index < coalesce($2::bigint, 9223372036854775807)', ...conditions].join(' and ')}
        order by index desc limit $1`,
      [limit + 1, startingAfter ?? null, ...given.map(([, value]) => value)],
    );
    const data = rows
      .slice(0, limit)
      .map((row) => ({ ...(JSON.parse(row.entry) as AuditEntry), index: Number(row.index) }));
    return { data, hasMore: rows.length > limit };
  }

  /** The newest checkpoint, or undefined while the log is empty. */
  async checkpoint(): Promise<AuditCheckpoint | undefined> {
    const [row] = await this.source.query('select * from control.audit_checkpoints order by size desc limit 1');
    if (!row) return undefined;
    const { size, root, note, signed_at: signedAt, anchored_at: anchoredAt, anchor_ref: anchorRef } = row;
    return { size: Number(size), root: toBase64(root), note, signedAt, anchoredAt, anchorRef };
  }

  /**
   * Proof that the log of `size` entries (default: the newest checkpoint's) holds entry `index`.
   * @throws BulkheadError `audit_index_out_of_range` (404).
   */
  async inclusionProof(index: number, size?: number): Promise<InclusionProof> {
    const newest = await this.#size();
    const at = size ?? newest;
    if (at > newest || index >= at || index < 0) throw outOfRange(newest);
    const [leaf] = await this.#read([{ level: 0, index }]);
    const tree = await readTree(at, this.#read);
    const hashes = await proveInclusion(index, at, this.#read);
    return {
      index,
      size: at,
      leafHash: toBase64(leaf as Hash),
      root: toBase64(rootOf(tree.frontier)),
      hashes: hashes.map(toBase64),
    };
  }

  /**
   * Proof that the log of `second` entries extends that of `first`.
   * @throws BulkheadError `audit_index_out_of_range` (404).
   */
  async consistencyProof(first: number, second: number): Promise<ConsistencyProof> {
    const newest = await this.#size();
    if (second > newest || first > second || first < 0) throw outOfRange(newest);
    return { first, second, hashes: (await proveConsistency(first, second, this.#read)).map(toBase64) };
  }

  /**
   * The leaves from `from` (default 0) up to but not including `to` (default: the newest checkpoint's size) as lines of
   * a JSON Lines file for the offline verifier. Memory does not grow with the range.
   * @throws BulkheadError `audit_index_out_of_range` (404); `audit_log_empty` (404).
   */
  async *exportRange({ from = 0, to }: { from?: number; to?: number } = {}): AsyncGenerator<string, void> {
    const checkpoint = await this.checkpoint();
    if (!checkpoint) {
      throw new BulkheadError({
        code: 'audit_log_empty',
        status: 404,
        publicMessage: 'The audit log has no entries yet.',
        remediation: 'Export it after the first command was handled.',
      });
    }
    const end = to ?? checkpoint.size;
    if (end > checkpoint.size || from > end || from < 0) throw outOfRange(checkpoint.size);
    yield* exportLines(this.source.manager, {
      checkpoint: checkpoint.note,
      size: checkpoint.size,
      root: checkpoint.root,
      from,
      to: end,
      publicKeys: this.publicKeys,
    });
  }

  async #size(): Promise<number> {
    return (await this.checkpoint())?.size ?? 0;
  }
}

function outOfRange(size: number): BulkheadError {
  return new BulkheadError({
    code: 'audit_index_out_of_range',
    status: 404,
    publicMessage: `The audit log has ${size} entries.`,
    remediation: `Name whole numbers within 0 and ${size}, the first not above the second.`,
  });
}
