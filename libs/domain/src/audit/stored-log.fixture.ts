import { generateKeyPairSync } from 'node:crypto';
import { encodeEntry, type AuditEntry } from './audit-entry.js';
import { createCheckpointSigner, type CheckpointSigner } from './checkpoint.js';
import { writeHeader, writeLine } from './export-bundle.js';
import { leafHash, type Hash } from './merkle-hash.js';
import { appendLeaves, proveConsistency, readTree, rootOf, type GrowingTree } from './merkle-tree.js';

export const ORIGIN = 'bulkhead.test/audit';
export const newSigner = (): CheckpointSigner =>
  createCheckpointSigner(
    generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    ORIGIN,
  );
export const signer = newSigner();

export const entryOf = (n: number): AuditEntry => ({
  id: `entry-${n}`,
  occurredAt: new Date(n * 1000).toISOString(),
  actor: { kind: 'user', id: 'ada', roles: ['platform-admin'] },
  action: 'tenant.create',
  outcome: 'accepted',
  subject: { kind: 'tenant', id: `ten_${n}` },
  tenantId: `ten_${n}`,
  operationId: null,
  code: null,
  details: { seats: n, name: 'Zoë’s clinic \u{1F3E5}' },
  requestId: null,
});

/** What a database holds: rows of leaves, inner nodes, and a checkpoint after each batch. */
export class StoredLog {
  rows: { index: number; text: string; hash: Hash }[] = [];
  readonly nodes = new Map<string, Hash>();
  readonly checkpoints = new Map<number, string>();
  #tree: GrowingTree = { size: 0, frontier: [] };

  constructor(batches: readonly number[], by = signer, entry = entryOf) {
    for (const batch of batches) {
      const texts = Array.from({ length: batch }, (_, i) => encodeEntry(entry(this.#tree.size + i)));
      this.rows.push(...texts.map((text, i) => ({ index: this.#tree.size + i, text, hash: leafHash(text) })));
      const { tree, completed } = appendLeaves(this.#tree, texts.map(leafHash));
      for (const { level, index, hash } of completed) this.nodes.set(`${level}/${index}`, hash);
      this.#tree = tree;
      this.checkpoints.set(tree.size, by.sign(tree.size, rootOf(tree.frontier)));
    }
  }

  async export(from = 0, to = this.#tree.size): Promise<string[]> {
    const read = async (nodes: readonly { level: number; index: number }[]) =>
      nodes.map((n) => this.nodes.get(`${n.level}/${n.index}`) as Hash);
    const lines = [
      writeHeader({
        format: 'bulkhead-audit-export/1',
        checkpoint: this.checkpoints.get(this.#tree.size) as string,
        publicKeys: [signer.publicKey],
        from,
        to,
        frontier: (await readTree(from, read)).frontier,
        fromProof: await proveConsistency(from, to, read),
        root: rootOf((await readTree(to, read)).frontier),
        toProof: await proveConsistency(to, this.#tree.size, read),
      }),
    ];
    for (const { index, text, hash } of this.rows.filter((row) => row.index >= from && row.index < to)) {
      const nodes: (Hash | undefined)[] = [];
      for (let level = 1, at = index; at % 2 === 1; level++)
        nodes.push(this.nodes.get(`${level}/${(at = (at - 1) / 2)}`));
      lines.push(writeLine({ leaf: { index, text, leafHash: hash, nodes } }));
      const checkpoint = this.checkpoints.get(index + 1);
      if (checkpoint) lines.push(writeLine({ checkpoint }));
    }
    return lines.map((line) => line.slice(0, -1));
  }

  rewrite(index: number, how: { andHash: boolean }): void {
    const row = this.rows[index] as (typeof this.rows)[number];
    row.text = row.text.replace('platform-admin', 'sales-ops');
    if (how.andHash) row.hash = leafHash(row.text);
  }
}

export const BATCHES = [1, 3, 1, 64, 2, 30, 7];
export const SIZE = 108;
