import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { alignedSubtrees, isPowerOfTwo, isSubtree } from './tree.ts';

describe('isPowerOfTwo', () => {
  it('knows the powers', () => {
    const found = Array.from({ length: 70 }, (_, i) => i).filter(isPowerOfTwo);
    expect(found).toEqual([1, 2, 4, 8, 16, 32, 64]);
    for (const wrong of [-2, 0.5, NaN, Infinity]) expect(isPowerOfTwo(wrong)).toBe(false);
  });
});

describe('alignedSubtrees', () => {
  it('shares eight leaves among three workers in few vectors', () => {
    expect(alignedSubtrees({ first: 0, count: 3 })).toEqual([
      { start: 0, size: 2 },
      { start: 2, size: 1 },
    ]);
    expect(alignedSubtrees({ first: 3, count: 3 })).toEqual([
      { start: 3, size: 1 },
      { start: 4, size: 2 },
    ]);
    expect(alignedSubtrees({ first: 6, count: 2 })).toEqual([{ start: 6, size: 2 }]);
  });

  it('covers any range exactly with aligned subtrees, at most 2 log2 M of them', () => {
    const M = 1024;
    fc.assert(
      fc.property(fc.nat(M - 1), fc.integer({ min: 1, max: M }), (first, wanted) => {
        const count = Math.min(wanted, M - first);
        const subtrees = alignedSubtrees({ first, count });
        const leaves = subtrees.flatMap(({ start, size }) => Array.from({ length: size }, (_, i) => start + i));
        expect(leaves).toEqual(Array.from({ length: count }, (_, i) => first + i));
        expect(subtrees.every((subtree) => isSubtree(subtree, M))).toBe(true);
        expect(subtrees.length).toBeLessThanOrEqual(Math.max(1, 2 * Math.log2(M)));
      }),
    );
  });

  it('refuses ranges without leaves', () => {
    for (const range of [
      { first: 0, count: 0 },
      { first: -1, count: 2 },
      { first: 0.5, count: 1 },
    ]) {
      expect(() => alignedSubtrees(range)).toThrow(RangeError);
    }
  });
});
