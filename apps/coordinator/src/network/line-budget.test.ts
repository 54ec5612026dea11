import { expect, it } from 'vitest';
import { LineBudget } from './line-budget.ts';

it('a flood writes sixty lines and one a second, and every line that was left out is counted', () => {
  let clock = 0;
  const lines = new LineBudget(() => clock);
  let [written, leftOut] = [0, 0];
  for (let event = 0; event < 10_000; event++) {
    const before = lines.take();
    if (before === undefined) continue;
    written += 1;
    leftOut += before;
  }
  expect([written, leftOut, lines.rest()]).toEqual([60, 0, 0]);
  clock += 1000;
  expect([lines.take(), lines.rest()]).toEqual([9940, 0]);
  expect(lines.take()).toBeUndefined();
  clock += 1000;
  expect([lines.rest(), lines.rest()]).toEqual([1, 0]);
});
