import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shareInGrains } from './grain.ts';
import { shareLeaves } from './shares.ts';
import { alignedSubtrees } from './tree.ts';

const counts = (leaves: number, speeds: readonly number[], vectorMs: number) =>
  shareInGrains(
    leaves,
    speeds.map((speed) => ({ speed })),
    vectorMs,
  ).map(({ count }) => count);

const speeds = fc.array(fc.double({ min: 0.1, max: 1000, noNaN: true }), { minLength: 1, maxLength: 9 });
const leaves = fc.nat(7).map((power) => 2 ** power);

describe('shares in grains', () => {
  it('are aligned where a vector costs more than a leaf', () => {
    const measured = [300, 260, 270, 230];
    expect(counts(32, measured, 0)).toEqual([9, 8, 8, 7]);
    expect(counts(32, measured, 5)).toEqual([8, 8, 8, 8]);
  });

  it('follow the speeds where leaves cost more', () => {
    expect(counts(32, [3, 1, 2, 2], 5)).toEqual([12, 4, 8, 8]);
    expect(counts(8, [1, 1, 1], 5)).toEqual([3, 3, 2]);
  });

  it('of three equal workers are as coarse as their leaves are fast', () => {
    expect(counts(32, [1000, 1000, 1000], 5)).toEqual([16, 8, 8]);
    expect(counts(32, [1, 1, 1], 5)).toEqual([11, 11, 10]);
  });

  it('keep to one leaf for a worker on trial', () => {
    const workers = [{ speed: 100 }, { speed: 1, onTrial: true }];
    expect(shareInGrains(8, workers, 50).map(({ count }) => count)).toEqual([7, 1]);
  });

  it('cost no more than shares by speed alone, and leave no leaf out', () => {
    fc.assert(
      fc.property(leaves, speeds, fc.double({ min: 0, max: 100, noNaN: true }), (M, all, vectorMs) => {
        const workers = all.map((speed) => ({ speed }));
        const cost = (shares: readonly { first: number; count: number }[]) => {
          const some = shares.filter(({ count }) => count > 0);
          const times = shares.map(({ count }, i) => (1000 * count) / all[i]);
          return Math.max(...times) + vectorMs * some.reduce((sum, share) => sum + alignedSubtrees(share).length, 0);
        };
        const shares = shareInGrains(M, workers, vectorMs);
        let next = 0;
        for (const { first, count } of shares) {
          expect(first).toBe(next);
          next += count;
        }
        expect(next).toBe(M);
        expect(cost(shares)).toBeLessThanOrEqual(cost(shareLeaves(M, workers)));
      }),
    );
  });
});
