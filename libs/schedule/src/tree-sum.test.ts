import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TreeSum } from './tree-sum.ts';
import type { Subtree } from './tree.ts';

/** A sum that shows its own shape, so any other grouping is seen. */
const combine = (left: string, right: string) => `(${left}${right})`;

function plain({ start, size }: Subtree): string {
  if (size === 1) return String(start);
  const half = size / 2;
  return combine(plain({ start, size: half }), plain({ start: start + half, size: half }));
}

const leaves = fc.integer({ min: 0, max: 5 }).map((log) => 2 ** log);

/** Any sequence of subtrees of a tree: overlapping, repeated, in any order. */
const arrivals = leaves.chain((M) =>
  fc.tuple(
    fc.constant(M),
    fc.array(
      fc.tuple(fc.nat(Math.log2(M)), fc.nat(M)).map(([log, place]) => {
        const size = 2 ** log;
        return { start: (place % (M / size)) * size, size };
      }),
      { maxLength: 60 },
    ),
  ),
);

describe('TreeSum', () => {
  it('has the plain tree’s total, once every leaf is covered, whatever arrives in whatever order', () => {
    fc.assert(
      fc.property(arrivals, ([M, subtrees]) => {
        const sum = new TreeSum<string>({ start: 0, size: M }, combine);
        const covered = new Set<number>();
        for (const subtree of subtrees) {
          const own = Array.from({ length: subtree.size }, (_, i) => subtree.start + i);
          const fresh = own.some((leaf) => !covered.has(leaf));
          expect(sum.covers(subtree)).toBe(!fresh);
          expect(sum.add(subtree, plain(subtree))).toBe(fresh);
          own.forEach((leaf) => covered.add(leaf));
          for (let leaf = 0; leaf < M; leaf++) expect(sum.coversLeaf(leaf)).toBe(covered.has(leaf));
          expect(sum.total).toBe(covered.size === M ? plain({ start: 0, size: M }) : undefined);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('sums part of a tree for a lease', () => {
    const sum = new TreeSum<string>({ start: 4, size: 4 }, combine);
    for (const start of [7, 5, 4, 6]) sum.add({ start, size: 1 }, String(start));
    expect(sum.total).toBe('((45)(67))');
  });

  it('refuses subtrees of another tree', () => {
    const sum = new TreeSum<string>({ start: 4, size: 4 }, combine);
    for (const wrong of [
      { start: 0, size: 4 },
      { start: 8, size: 1 },
      { start: 5, size: 2 },
      { start: 4, size: 3 },
      { start: 0, size: 8 },
    ]) {
      expect(() => sum.add(wrong, '')).toThrow(RangeError);
    }
  });
});
