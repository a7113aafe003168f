import { nodeHash, type Hash } from './merkle-hash.js';
import { frontierNodes, rootOf, type NodeId, type TreeNode } from './merkle-tree.js';

/** Leaves since the last signed root that fitted, up to the first that does not. */
export interface SuspectLeaves {
  readonly start: number;
  readonly end: number;
  /** Frontier of the tree at `start`, which is proven. */
  readonly frontier: readonly Hash[];
  /** Leaves and completed subtrees as computed from the entries. */
  readonly computed: readonly TreeNode[];
  /** The same as stored by the log, where it has them. */
  readonly claimed: readonly TreeNode[];
}

/** The first bad leaf is one of `first` to `last`; usually they are equal. */
export interface Damage {
  readonly first: number;
  readonly last: number;
  /** Where the leaf that belongs at `first` was found instead. */
  readonly movedTo?: number;
}

/**
 * Finds the first leaf that differs from what was signed. A root alone only says that something differs; the stored
 * inner hashes are used to come down from it, and each is believed only where it hashes to what is already proven.
 * @param root signed root of the tree at `end`, which the computed one does not equal.
 */
export function locateDamage(leaves: SuspectLeaves, root: Hash): Damage {
  return new DamageSearch(leaves).run(root);
}

const nameOf = ({ level, index }: NodeId): string => `${level}/${index}`;

class DamageSearch {
  readonly #computed: Map<string, Hash>;
  readonly #claimed: Map<string, Hash>;
  readonly #leafHashes: readonly TreeNode[];

  constructor(private readonly leaves: SuspectLeaves) {
    const proven = frontierNodes(leaves.start).map((node, i): [string, Hash] => [
      nameOf(node),
      leaves.frontier[i] as Hash,
    ]);
    const byName = (nodes: readonly TreeNode[]) => nodes.map((node): [string, Hash] => [nameOf(node), node.hash]);
    this.#computed = new Map([...byName(leaves.computed), ...proven]);
    this.#claimed = new Map([...byName(leaves.claimed), ...proven]);
    this.#leafHashes = leaves.computed.filter((node) => node.level === 0);
  }

  run(root: Hash): Damage {
    const { start, end } = this.leaves;
    const tops = frontierNodes(end);
    const whole = { first: start, last: end - 1 };
    const hashes = [...this.#topHashes(tops)].find((candidate) => rootOf(candidate).equals(root));
    if (!hashes) return whole;
    for (const [i, node] of tops.entries()) {
      const damage = this.#below(node, hashes[i] as Hash);
      if (damage) return damage;
    }
    return whole;
  }

  /** Guesses at the true hashes of the frontier: as stored, or with one of them taken from elsewhere. */
  *#topHashes(tops: readonly NodeId[]): Generator<Hash[], void> {
    const stored = tops.map((node) => this.#known(node).at(-1) as Hash);
    yield stored;
    for (const [i, node] of tops.entries()) yield stored.with(i, this.#known(node)[0] as Hash);
    if (tops.at(-1)?.level !== 0) return;
    for (const { hash } of this.#leafHashes) yield stored.with(-1, hash);
  }

  /** @param proven the hash that the node must have. */
  #below(node: NodeId, proven: Hash): Damage | undefined {
    if (this.#computed.get(nameOf(node))?.equals(proven)) return undefined;
    if (node.level === 0) return this.#leaf(node.index, proven);
    const left = { level: node.level - 1, index: node.index * 2 };
    const right = { level: node.level - 1, index: node.index * 2 + 1 };
    for (const [leftHash, rightHash] of this.#pairs(left, right)) {
      if (nodeHash(leftHash, rightHash).equals(proven))
        return this.#below(left, leftHash) ?? this.#below(right, rightHash);
    }
    const width = 2 ** node.level;
    return {
      first: Math.max(node.index * width, this.leaves.start),
      last: Math.min((node.index + 1) * width, this.leaves.end) - 1,
    };
  }

  *#pairs(left: NodeId, right: NodeId): Iterable<readonly [Hash, Hash]> {
    const lefts = this.#known(left);
    const rights = this.#known(right);
    for (const a of lefts) for (const b of rights) yield [a, b];
    if (left.level > 0) return;
    // Leaves that changed places: each still has its hash, somewhere else.
    for (const a of lefts) for (const b of rights) yield [b, a];
    for (const { hash } of this.#leafHashes) {
      for (const a of lefts) yield [a, hash];
      for (const b of rights) yield [hash, b];
    }
  }

  /** As computed, then as stored; at least the first exists for what ends at or before the last leaf. */
  #known(node: NodeId): Hash[] {
    return [this.#computed.get(nameOf(node)), this.#claimed.get(nameOf(node))].filter((hash) => hash !== undefined);
  }

  #leaf(index: number, proven: Hash): Damage {
    const movedTo = this.#leafHashes.find((leaf) => leaf.hash.equals(proven))?.index;
    return { first: index, last: index, ...(movedTo === undefined ? {} : { movedTo }) };
  }
}
