import { describe, expect, it } from 'vitest';
import { CheckBudget } from './check-budget.ts';

/** Leaves of the next steps, where everything but checks takes `computeMs` less what volunteers take over, and a check `checkMs`. */
function settled(most: number, { leafMs, checkMs }: { leafMs: number; checkMs: number }): number[] {
  const budget = new CheckBudget(most);
  return Array.from({ length: 200 }, () => {
    const { leaves } = budget;
    const coveredAt = (2 * most - leaves) * leafMs;
    budget.checked({ openedAt: 0, coveredAt, closedAt: coveredAt + leaves * checkMs });
    return leaves;
  }).slice(100);
}

const mean = (all: readonly number[]) => all.reduce((a, b) => a + b) / all.length;

describe('leaves of volunteers', () => {
  it('are their share at first, and stay so while checks take no time', () => {
    expect(new Set(settled(16, { leafMs: 100, checkMs: 1 }))).toEqual(new Set([16]));
  });

  it('are a good part of it where a check takes what computing a leaf takes', () => {
    const leaves = settled(16, { leafMs: 100, checkMs: 100 });
    expect(Math.min(...leaves)).toBeGreaterThanOrEqual(5);
    expect(mean(leaves)).toBeGreaterThan(7);
  });

  it('are so few where checks are slow that a step takes half longer at most, on the whole', () => {
    const leaves = settled(16, { leafMs: 100, checkMs: 1000 });
    expect(Math.min(...leaves)).toBeGreaterThanOrEqual(1);
    const extra = leaves.map((count) => (count * 1000) / ((32 - count) * 100));
    expect(mean(extra)).toBeLessThan(0.5);
  });

  it('are at least one, so that somebody proves itself, and none only where that is their share', () => {
    expect(new Set(settled(16, { leafMs: 1, checkMs: 10_000 }))).toEqual(new Set([1, 1]));
    expect(new Set(settled(0, { leafMs: 1, checkMs: 10_000 }))).toEqual(new Set([0]));
  });

  it('come back one by one once nothing is waited for', () => {
    const budget = new CheckBudget(8);
    for (let i = 0; i < 5; i++) budget.checked({ openedAt: 0, coveredAt: 100, closedAt: 1000 });
    const seen = Array.from({ length: 9 }, () => {
      budget.unchecked();
      return budget.leaves;
    });
    expect(seen).toEqual([2, 3, 4, 5, 6, 7, 8, 8, 8]);
  });
});
