import fc from 'fast-check';
import { EMPTY_ROOT, leafHash, nodeHash, type Hash } from './merkle-hash.js';
import {
  appendLeaves,
  proveConsistency,
  proveInclusion,
  readTree,
  rootOf,
  type NodeReader,
  type TreeNode,
} from './merkle-tree.js';
import { verifyConsistency, verifyInclusion } from './merkle-verify.js';

// Known answers of the certificate-transparency project's reference tree (merkle_tree_test.cc).
const INPUTS = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
const ROOTS = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];
const INCLUSION = [
  {
    index: 0,
    size: 8,
    proof: [
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ],
  },
  {
    index: 5,
    size: 8,
    proof: [
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ],
  },
  { index: 0, size: 1, proof: [] },
];
const CONSISTENCY = [
  { first: 1, second: 1, proof: [] },
  {
    first: 6,
    second: 8,
    proof: [
      '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ],
  },
  {
    first: 2,
    second: 8,
    proof: [
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ],
  },
];

const hex = (text: string) => Buffer.from(text, 'hex');

/** The definition of RFC 6962, section 2.1, word for word. */
function naiveRoot(leaves: readonly Hash[]): Hash {
  if (leaves.length === 0) return EMPTY_ROOT;
  if (leaves.length === 1) return leaves[0] as Hash;
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  return nodeHash(naiveRoot(leaves.slice(0, split)), naiveRoot(leaves.slice(split)));
}

function readerOf(completed: readonly TreeNode[]): NodeReader {
  const stored = new Map(completed.map((node) => [`${node.level}/${node.index}`, node.hash]));
  return async (nodes) =>
    nodes.map((node) => {
      const hash = stored.get(`${node.level}/${node.index}`);
      if (!hash) throw new Error(`Node ${node.level}/${node.index} is not complete`);
      return hash;
    });
}

const grow = (leaves: readonly Hash[]) => appendLeaves({ size: 0, frontier: [] }, leaves);
const someLeaves = (size: number) => Array.from({ length: size }, (_, i) => leafHash(`leaf ${i}`));

describe('the known reference tree', () => {
  const leaves = INPUTS.map((input) => leafHash(hex(input)));
  const read = readerOf(grow(leaves).completed);

  it.each(ROOTS.map((root, size) => [size, root] as const))('has its root at size %d', (size, root) => {
    expect(rootOf(grow(leaves.slice(0, size)).tree.frontier).toString('hex')).toBe(root);
  });

  it.each(INCLUSION)('proves leaf $index of $size', async ({ index, size, proof }) => {
    expect((await proveInclusion(index, size, read)).map((hash) => hash.toString('hex'))).toEqual(proof);
    expect(verifyInclusion(leaves[index] as Hash, index, size, proof.map(hex), hex(ROOTS[size] as string))).toBe(true);
  });

  it.each(CONSISTENCY)('proves that $second extends $first', async ({ first, second, proof }) => {
    expect((await proveConsistency(first, second, read)).map((hash) => hash.toString('hex'))).toEqual(proof);
    expect(
      verifyConsistency(first, second, hex(ROOTS[first] as string), hex(ROOTS[second] as string), proof.map(hex)),
    ).toBe(true);
  });
});

describe('every tree up to 65 leaves', () => {
  const leaves = someLeaves(65);
  const roots = leaves.map((_, i) => naiveRoot(leaves.slice(0, i)));
  const read = readerOf(grow(leaves).completed);

  it('has an inclusion proof that holds for each leaf and for no other place', async () => {
    for (let size = 1; size < 65; size++) {
      for (let index = 0; index < size; index++) {
        const proof = await proveInclusion(index, size, read);
        expect(verifyInclusion(leaves[index] as Hash, index, size, proof, roots[size] as Hash)).toBe(true);
        expect(verifyInclusion(leaves[index + 1] as Hash, index, size, proof, roots[size] as Hash)).toBe(false);
        expect(verifyInclusion(leaves[index] as Hash, index + 1, size, proof, roots[size] as Hash)).toBe(false);
      }
    }
  });

  it('has a consistency proof that holds for each earlier tree and for no other', async () => {
    for (let second = 1; second < 65; second++) {
      for (let first = 0; first <= second; first++) {
        const proof = await proveConsistency(first, second, read);
        expect(verifyConsistency(first, second, roots[first] as Hash, roots[second] as Hash, proof)).toBe(true);
        expect(verifyConsistency(first, second, leafHash('other'), roots[second] as Hash, proof)).toBe(false);
        // Every tree extends the empty one.
        expect(verifyConsistency(first, second, roots[first] as Hash, leafHash('other'), proof)).toBe(first === 0);
      }
    }
  });
});

describe('properties', () => {
  const sizes = fc.integer({ min: 1, max: 300 });

  it('the root does not depend on how the leaves were batched', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 10 }), (batches) => {
        let tree = { size: 0, frontier: [] as readonly Hash[] };
        for (const batch of batches) tree = appendLeaves(tree, someLeaves(tree.size + batch).slice(tree.size)).tree;
        expect(rootOf(tree.frontier)).toEqual(naiveRoot(someLeaves(tree.size)));
      }),
    );
  });

  it('a stored tree is read again as it was at any earlier size', async () => {
    await fc.assert(
      fc.asyncProperty(sizes, fc.nat(), async (size, seed) => {
        const earlier = seed % (size + 1);
        const tree = await readTree(earlier, readerOf(grow(someLeaves(size)).completed));
        expect(tree).toEqual(grow(someLeaves(earlier)).tree);
      }),
    );
  });

  it('a proof that was changed in any way no longer holds', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 2, max: 300 }), fc.nat(), fc.nat(), fc.nat(255), async (size, a, b, bit) => {
        const index = a % size;
        const leaves = someLeaves(size);
        const root = naiveRoot(leaves);
        const proof = await proveInclusion(index, size, readerOf(grow(leaves).completed));
        const at = b % proof.length;
        const flipped = proof.map((hash, i) => {
          const copy = Buffer.from(hash);
          if (i === at) copy[bit >> 3] = (copy[bit >> 3] as number) ^ (1 << (bit & 7));
          return copy;
        });
        const leaf = leaves[index] as Hash;
        expect(verifyInclusion(leaf, index, size, flipped, root)).toBe(false);
        expect(verifyInclusion(leaf, index, size, proof.toSpliced(at, 1), root)).toBe(false);
        expect(verifyInclusion(leaf, index, size, [...proof, leaf], root)).toBe(false);
      }),
    );
  });

  it('a rewritten history has no consistency proof among the genuine ones', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 2, max: 200 }), fc.nat(), fc.nat(), async (second, a, b) => {
        const first = 1 + (a % (second - 1));
        const leaves = someLeaves(second);
        const forged = leaves.with(b % first, leafHash('forged'));
        const { tree, completed } = grow(forged);
        const proof = await proveConsistency(first, second, readerOf(completed));
        expect(verifyConsistency(first, second, naiveRoot(leaves.slice(0, first)), rootOf(tree.frontier), proof)).toBe(
          false,
        );
      }),
    );
  });

  it('sizes and places that make no sense are refused', async () => {
    const read = readerOf(grow(someLeaves(4)).completed);
    await expect(proveInclusion(4, 4, read)).rejects.toThrow(RangeError);
    await expect(proveInclusion(-1, 4, read)).rejects.toThrow(RangeError);
    await expect(proveConsistency(5, 4, read)).rejects.toThrow(RangeError);
    expect(verifyInclusion(leafHash(''), 1.5, 4, [], EMPTY_ROOT)).toBe(false);
    expect(verifyConsistency(5, 4, EMPTY_ROOT, EMPTY_ROOT, [])).toBe(false);
  });
});
