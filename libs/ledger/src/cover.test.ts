import { describe, expect, it } from 'vitest';
import { coverFault } from './cover.ts';

describe('coverFault', () => {
  const result = (start: number, size: number, outcome = 'accepted') => ({ start, size, worker: 'w', outcome, ms: 1 });
  it('takes any exact cover, late results beside it, and a larger result in place of smaller ones', () => {
    expect(coverFault([result(0, 4)], 4)).toBeUndefined();
    expect(coverFault([result(2, 2), result(0, 1), result(0, 2, 'late'), result(1, 1)], 4)).toBeUndefined();
    expect(coverFault([result(0, 1), result(0, 4)], 4)).toBeUndefined();
  });

  it('takes a result that was held back where nothing else covers its leaves', () => {
    expect(coverFault([result(0, 2, 'suspect'), result(2, 2)], 4)).toBeUndefined();
    expect(coverFault([result(0, 2, 'suspect'), result(0, 2), result(2, 2, 'held')], 4)).toBeUndefined();
    expect(coverFault([result(0, 2, 'refused'), result(2, 2)], 4)).toBe('has no result for leaf 0');
  });

  it('refuses leaves counted twice and subtrees that are none', () => {
    expect(coverFault([result(0, 4), result(2, 1)], 4)).toBe('counts leaves 2 twice');
    expect(coverFault([result(1, 2), result(0, 4)], 4)).toMatch('leaves 1 to 2, which are no subtree of 4 leaves');
    expect(coverFault([result(4, 4)], 4)).toMatch('no subtree');
  });
});
