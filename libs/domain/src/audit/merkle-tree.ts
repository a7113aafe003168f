import { EMPTY_ROOT, nodeHash, type Hash } from './merkle-hash.js';

/** A complete subtree: it covers the leaves from `index · 2^level` to `(index + 1) · 2^level - 1`. Leaves are level 0. */
export interface NodeId {
  readonly level: number;
  readonly index: number;
}

export interface TreeNode extends NodeId {
  readonly hash: Hash;
}

/** Fetches stored nodes, in the order asked for. Called once for each proof. */
export type NodeReader = (nodes: readonly NodeId[]) => Promise<readonly Hash[]>;

/** Leaves from `start` up to but not including `end`. */
interface LeafRange {
  readonly start: number;
  readonly end: number;
}

/** A tree that can only grow: its size and the hashes of {@link frontierNodes}, the largest subtree first. */
export interface GrowingTree {
  readonly size: number;
  readonly frontier: readonly Hash[];
}

/**
 * Appends leaves.
 * @returns the grown tree and every subtree that became complete, leaves included, in the order of completion.
 */
export function appendLeaves(tree: GrowingTree, leaves: readonly Hash[]): { tree: GrowingTree; completed: TreeNode[] } {
  const frontier = [...tree.frontier];
  const completed: TreeNode[] = [];
  let size = tree.size;
  for (const leaf of leaves) {
    let node: TreeNode = { level: 0, index: size, hash: leaf };
    completed.push(node);
    // An odd index is a right child: its left sibling is complete and is the last of the frontier.
    while (node.index % 2 === 1) {
      const left = frontier.pop();
      if (!left) throw new Error(`The frontier does not fit a tree of ${tree.size} leaves`);
      node = { level: node.level + 1, index: (node.index - 1) / 2, hash: nodeHash(left, node.hash) };
      completed.push(node);
    }
    frontier.push(node.hash);
    size++;
  }
  return { tree: { size, frontier }, completed };
}

/** Root of a tree (RFC 6962, section 2.1) from the hashes of its frontier. */
export function rootOf(frontier: readonly Hash[]): Hash {
  return frontier.length === 0 ? EMPTY_ROOT : frontier.reduceRight((right, left) => nodeHash(left, right));
}

/** The complete subtrees that a tree of `size` leaves is made of, the largest first. */
export function frontierNodes(size: number): NodeId[] {
  checkSize(size);
  return nodesOf({ start: 0, end: size });
}

/** Reads the frontier of the tree as it was at `size` leaves. */
export async function readTree(size: number, read: NodeReader): Promise<GrowingTree> {
  return { size, frontier: size === 0 ? [] : await read(frontierNodes(size)) };
}

/**
 * Proof that leaf `index` is in the tree of `size` leaves (PATH of RFC 6962, section 2.1.1), from the leaf upwards.
 * @throws RangeError when the leaf is not in the tree.
 */
export async function proveInclusion(index: number, size: number, read: NodeReader): Promise<Hash[]> {
  checkSize(size);
  if (!Number.isSafeInteger(index) || index < 0 || index >= size)
    throw new RangeError(`No leaf ${index} in ${size} leaves`);
  return hashRanges(inclusionRanges(index, { start: 0, end: size }), read);
}

/**
 * Proof that the tree of `second` leaves extends that of `first` (PROOF of RFC 6962, section 2.1.2).
 * It is empty when the sizes are equal or `first` is 0.
 * @throws RangeError when `first` is more than `second`.
 */
export async function proveConsistency(first: number, second: number, read: NodeReader): Promise<Hash[]> {
  checkSize(first);
  checkSize(second);
  if (first > second) throw new RangeError(`${first} leaves cannot come before ${second}`);
  if (first === 0) return [];
  return hashRanges(consistencyRanges(first, { start: 0, end: second }, true), read);
}

function checkSize(size: number): void {
  if (!Number.isSafeInteger(size) || size < 0) throw new RangeError(`Not a tree size: ${size}`);
}

/** End of the left subtree: the range splits at the largest power of two smaller than its length. */
function splitOf({ start, end }: LeafRange): number {
  let half = 1;
  while (half * 2 < end - start) half *= 2;
  return start + half;
}

function inclusionRanges(index: number, range: LeafRange): LeafRange[] {
  if (range.end - range.start === 1) return [];
  const split = splitOf(range);
  const left = { start: range.start, end: split };
  const right = { start: split, end: range.end };
  return index < split ? [...inclusionRanges(index, left), right] : [...inclusionRanges(index, right), left];
}

/** `known`: the verifier has the hash of this subtree already, because it is the whole first tree. */
function consistencyRanges(first: number, range: LeafRange, known: boolean): LeafRange[] {
  if (first === range.end) return known ? [] : [range];
  const split = splitOf(range);
  const left = { start: range.start, end: split };
  const right = { start: split, end: range.end };
  return first <= split
    ? [...consistencyRanges(first, left, known), right]
    : [...consistencyRanges(first, right, false), left];
}

/** A range of the tree has a start that fits its largest subtree, so it falls into ever smaller complete subtrees. */
function nodesOf({ start, end }: LeafRange): NodeId[] {
  const nodes: NodeId[] = [];
  for (let at = start; at < end;) {
    let level = 0;
    let width = 1;
    while (width * 2 <= end - at) {
      width *= 2;
      level++;
    }
    nodes.push({ level, index: at / width });
    at += width;
  }
  return nodes;
}

async function hashRanges(ranges: readonly LeafRange[], read: NodeReader): Promise<Hash[]> {
  const parts = ranges.map(nodesOf);
  const nodes = parts.flat();
  const hashes = nodes.length === 0 ? [] : await read(nodes);
  let at = 0;
  return parts.map((part) => rootOf(hashes.slice(at, (at += part.length))));
}
