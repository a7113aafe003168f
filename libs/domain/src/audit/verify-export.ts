import { openCheckpoint, type Checkpoint } from './checkpoint.js';
import { ExportFormatError, readHeader, readLine, type ExportHeader, type ExportLeaf } from './export-bundle.js';
import { locateDamage } from './locate-damage.js';
import { leafHash, type Hash } from './merkle-hash.js';
import { appendLeaves, rootOf, type GrowingTree, type TreeNode } from './merkle-tree.js';
import { verifyConsistency } from './merkle-verify.js';
import { NoteError, readPublicKey } from './signed-note.js';

export type ExportProblem =
  | 'malformed'
  | 'unknown_key'
  | 'bad_signature'
  | 'entry_changed'
  | 'entry_missing'
  | 'entry_reordered'
  | 'hash_changed'
  | 'truncated'
  | 'checkpoint_inconsistent'
  | 'not_covered';

export type ExportVerdict =
  | {
      readonly ok: true;
      readonly origin: string;
      /** Leaves checked: those from `from` up to but not including `to`. */
      readonly count: number;
      readonly from: number;
      readonly to: number;
      /** Size and root of the signed checkpoint that they were checked against, and the key that signed it. */
      readonly size: number;
      readonly root: string;
      readonly publicKey: string;
    }
  | {
      readonly ok: false;
      readonly problem: ExportProblem;
      readonly message: string;
      /** The first bad leaf is one of these; usually they are equal. Null when no leaf is to blame. */
      readonly firstBadIndex: number | null;
      readonly lastBadIndex: number | null;
    };

class Finding extends Error {
  constructor(
    readonly problem: ExportProblem,
    message: string,
    readonly first: number | null = null,
    readonly last: number | null = first,
  ) {
    super(message);
  }
}

/**
 * Checks an exported audit log without any server: that its leaves are exactly those that the log has signed.
 * @param lines the export, line by line, without newlines.
 * @param publicKeys verifier keys that the caller trusts, from a source other than the export.
 * @param since an older checkpoint, as it was anchored or kept, that the log must still agree with.
 * @throws NoteError when one of the keys is not a verifier key.
 */
export async function verifyExport(
  lines: AsyncIterable<string> | Iterable<string>,
  publicKeys: readonly string[],
  since?: string,
): Promise<ExportVerdict> {
  publicKeys.forEach(readPublicKey);
  try {
    return await new ExportCheck(publicKeys).run(lines, since);
  } catch (error) {
    if (!(error instanceof Finding)) throw error;
    return {
      ok: false,
      problem: error.problem,
      message: error.message,
      firstBadIndex: error.first,
      lastBadIndex: error.last,
    };
  }
}

class ExportCheck {
  #header!: ExportHeader;
  #signed!: Checkpoint & { publicKey: string };
  #tree!: GrowingTree;
  /** The tree at the last root that fitted, and what has been added since: as computed, and as the log has stored it. */
  #good!: GrowingTree;
  #computed: TreeNode[] = [];
  #claimed: TreeNode[] = [];
  #since: Checkpoint | undefined;
  /** First root that did not fit; what it means is known only after the last leaf. */
  #misfit: { size: number; finding: Finding } | undefined;

  constructor(private readonly publicKeys: readonly string[]) {}

  async run(lines: AsyncIterable<string> | Iterable<string>, since: string | undefined): Promise<ExportVerdict> {
    let started = false;
    let gap: number | undefined;
    for await (const line of lines) {
      if (!started) {
        this.#start(line, since);
        started = true;
        continue;
      }
      const content = this.#read(() => readLine(line));
      if ('checkpoint' in content) {
        if (gap === undefined) this.#compare(this.#open(content.checkpoint, 'A checkpoint in the export'));
      } else if (gap !== undefined) {
        if (content.leaf.index === gap)
          throw this.#earlier() ?? new Finding('entry_reordered', `Entry ${gap} stands after later ones`, gap);
      } else if (content.leaf.index > this.#tree.size) {
        gap = this.#tree.size;
      } else {
        this.#append(content.leaf);
      }
    }
    if (!started) throw new Finding('malformed', 'The export is empty');
    if (gap !== undefined) throw this.#earlier() ?? new Finding('entry_missing', `Entry ${gap} is missing`, gap);
    return this.#finish();
  }

  #start(line: string, since: string | undefined): void {
    const header = this.#read(() => readHeader(line));
    const signed = this.#open(header.checkpoint, 'The checkpoint of the export');
    const before = rootOf(header.frontier);
    if (!verifyConsistency(header.to, signed.size, header.root, signed.root, header.toProof)) {
      throw new Finding(
        'checkpoint_inconsistent',
        `The export's root at ${header.to} entries is not proven by its checkpoint`,
      );
    }
    if (!verifyConsistency(header.from, header.to, before, header.root, header.fromProof)) {
      throw new Finding(
        'checkpoint_inconsistent',
        `What comes before entry ${header.from} is not proven by the checkpoint`,
      );
    }
    this.#header = header;
    this.#signed = signed;
    this.#good = this.#tree = { size: header.from, frontier: header.frontier };
    if (since !== undefined) this.#holdTo(this.#open(since, 'The older checkpoint'), header);
  }

  #holdTo(older: Checkpoint, { from, to }: ExportHeader): void {
    const { origin, size, root } = this.#signed;
    if (older.origin !== origin)
      throw new Finding('checkpoint_inconsistent', `The older checkpoint is of another log, ${older.origin}`);
    if (older.size > size) {
      throw new Finding(
        'truncated',
        `The older checkpoint covers ${older.size} entries, this log has only ${size}: entries were cut off`,
        size,
      );
    }
    if (older.size === size && !older.root.equals(root)) throw rewritten(older.size);
    if (older.size < from || (older.size > to && older.size < size)) {
      throw new Finding(
        'not_covered',
        `The older checkpoint, at ${older.size} entries, is outside the export (${from} to ${to}): export from 0`,
      );
    }
    this.#since = older;
    if (older.size === from) this.#compare(older);
  }

  #append({ index, text, leafHash: claimedLeaf, nodes }: ExportLeaf): void {
    if (index < this.#tree.size)
      throw new Finding('entry_reordered', `Entry ${index} stands where ${this.#tree.size} belongs`, this.#tree.size);
    if (index >= this.#header.to) throw new Finding('malformed', `Entry ${index} is beyond the export's end`, index);
    const { tree, completed } = appendLeaves(this.#tree, [leafHash(text)]);
    this.#tree = tree;
    this.#computed.push(...completed);
    for (const [i, { level, index: place }] of completed.entries()) {
      const hash = i === 0 ? claimedLeaf : nodes[i - 1];
      if (hash) this.#claimed.push({ level, index: place, hash });
    }
    if (this.#since?.size === tree.size) this.#compare(this.#since);
  }

  /** Compares what the entries so far hash to with a signed root of that size. */
  #compare({ size, root }: { size: number; root: Hash }): void {
    if (this.#misfit) return;
    if (size !== this.#tree.size)
      throw new Finding(
        'malformed',
        `The checkpoint of ${size} entries stands after ${this.#tree.size}`,
        this.#tree.size,
      );
    if (rootOf(this.#tree.frontier).equals(root)) {
      this.#checkStoredHashes();
      this.#good = this.#tree;
      this.#computed = [];
      this.#claimed = [];
      return;
    }
    const leaves = {
      start: this.#good.size,
      end: size,
      frontier: this.#good.frontier,
      computed: this.#computed,
      claimed: this.#claimed,
    };
    this.#misfit = { size, finding: size === this.#good.size ? rewritten(size) : describe(locateDamage(leaves, root)) };
  }

  /** What is wrong before the place where leaves are missing. Without them no root can be computed any more. */
  #earlier(): Finding | undefined {
    if (this.#misfit) return this.#misfit.finding;
    const claimed = new Map(this.#claimed.filter((node) => node.level === 0).map((node) => [node.index, node.hash]));
    const bad = this.#computed.find(
      ({ level, index, hash }) => level === 0 && claimed.get(index)?.equals(hash) === false,
    );
    return bad && describe({ first: bad.index, last: bad.index });
  }

  /** The entries are genuine; what the log has stored beside them must be too, or its next proofs will be wrong. */
  #checkStoredHashes(): void {
    const claimed = new Map(this.#claimed.map((node) => [`${node.level}/${node.index}`, node.hash]));
    for (const { level, index, hash } of this.#computed) {
      if (claimed.get(`${level}/${index}`)?.equals(hash)) continue;
      const last = (index + 1) * 2 ** level - 1;
      const what = level === 0 ? 'The hash' : `The inner hash of level ${level}`;
      throw new Finding(
        'hash_changed',
        `${what} that is stored with entry ${last} is not its hash, though the entry is genuine`,
        last,
      );
    }
  }

  #finish(): ExportVerdict {
    const { from, to, root } = this.#header;
    if (this.#tree.size < to) {
      throw (
        this.#earlier() ??
        new Finding(
          'truncated',
          `Entry ${this.#tree.size} and all after it, up to ${to - 1}, are missing`,
          this.#tree.size,
        )
      );
    }
    // All leaves are as the newest checkpoint has them: then it is an older one that says something else.
    if (this.#misfit && rootOf(this.#tree.frontier).equals(root)) throw rewritten(this.#misfit.size);
    this.#compare({ size: to, root });
    if (this.#misfit) throw this.#misfit.finding;
    const { origin, size, root: signedRoot, publicKey } = this.#signed;
    return { ok: true, origin, count: to - from, from, to, size, root: signedRoot.toString('base64'), publicKey };
  }

  #open(note: string, what: string): Checkpoint & { publicKey: string } {
    try {
      const checkpoint = openCheckpoint(note, this.publicKeys);
      if (this.#signed && checkpoint.origin !== this.#signed.origin)
        throw new NoteError('unknown_key', 'It is of another log');
      return checkpoint;
    } catch (error) {
      if (!(error instanceof NoteError)) throw error;
      throw new Finding(error.reason, `${what} is not to be believed: ${error.message}`);
    }
  }

  #read<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof ExportFormatError)) throw error;
      const at = this.#tree?.size ?? null;
      throw new Finding(
        'malformed',
        `The export cannot be read${at === null ? '' : ` where entry ${at} belongs`}: ${error.message}`,
        at,
      );
    }
  }
}

function rewritten(size: number): Finding {
  return new Finding(
    'checkpoint_inconsistent',
    `The log has signed two histories: its checkpoint at ${size} entries does not fit the newest one`,
  );
}

function describe({ first, last, movedTo }: ReturnType<typeof locateDamage>): Finding {
  if (movedTo !== undefined) return new Finding('entry_reordered', `Entry ${first} stands at ${movedTo}`, first);
  const where = first === last ? `Entry ${first} is` : `An entry from ${first} to ${last} is`;
  return new Finding('entry_changed', `${where} not what was signed`, first, last);
}
