import { describe, expect, it } from 'vitest';
import { RateBudget } from './rate-budget.ts';

function harness(burst: number, perSecond: number) {
  let clock = 0;
  const budget = new RateBudget({ burst, perSecond }, () => clock);
  return { budget, pass: (ms: number) => void (clock += ms) };
}

/** How many can be taken now. */
function taken(budget: RateBudget, key: string): number {
  let count = 0;
  while (budget.take(key) === 0) count += 1;
  return count;
}

describe('a rate budget', () => {
  it('gives a burst at once, then so many a second, and never saves more than a burst', () => {
    const { budget, pass } = harness(5, 2);
    expect(taken(budget, 'a')).toBe(5);
    pass(1000);
    expect(taken(budget, 'a')).toBe(2);
    pass(3_600_000);
    expect(taken(budget, 'a')).toBe(5);
  });

  it('says when to come again, and there is one by then and not before', () => {
    const { budget, pass } = harness(1, 0.5);
    budget.take('a');
    pass(500);
    expect([budget.take('a'), budget.has('a')]).toEqual([1500, false]);
    pass(1499);
    expect(budget.has('a')).toBe(false);
    pass(1);
    expect([budget.has('a'), budget.take('a')]).toEqual([true, 0]);
  });

  it('is each key’s own', () => {
    const { budget } = harness(2, 1);
    taken(budget, 'a');
    expect(taken(budget, 'b')).toBe(2);
  });

  it('forgets keys whose bucket is full again', () => {
    const { budget, pass } = harness(2, 1);
    for (const key of ['a', 'b', 'c']) budget.take(key);
    expect(budget.size).toBe(3);
    pass(2000);
    budget.take('d');
    expect(budget.size).toBe(1);
  });

  it('keeps so many keys and no more', () => {
    const { budget } = harness(2, 1);
    for (let key = 0; key < 10_000; key++) budget.take(String(key));
    expect(budget.size).toBe(4096);
  });
});
