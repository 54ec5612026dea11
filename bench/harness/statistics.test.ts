import { describe, expect, test } from 'vitest';
import { mean, median, orderOf, pairedRatio, round, spread, target } from './statistics.ts';

describe('median', () => {
  test.each([
    [[7], 7],
    [[3, 1, 2], 2],
    // Of an even number the upper of the two in the middle: a value that was measured.
    [[4, 1, 3, 2], 3],
    [[10, 9, 100], 10],
  ])('of %j', (values, expected) => expect(median(values)).toBe(expected));

  test('of nothing is an error', () => expect(() => median([])).toThrow(RangeError));

  test('leaves its values as they are', () => {
    const values = [3, 1, 2];
    median(values);
    expect(values).toEqual([3, 1, 2]);
  });
});

describe('paired ratio', () => {
  test('takes each round on its own, so that what slows a round cancels', () => {
    const machine = [1, 10, 3];
    const fast = machine.map((slow) => 2 * slow);
    expect(pairedRatio(fast, machine)).toBe(2);
    // The ratio of the medians is another number.
    expect(pairedRatio([2, 10, 9], [1, 10, 3])).toBe(2);
    expect(median([2, 10, 9]) / median([1, 10, 3])).toBe(3);
  });

  test('of other numbers of rounds is an error', () => expect(() => pairedRatio([1], [1, 2])).toThrow(RangeError));
});

test('the order of contestants alternates', () => {
  expect([0, 1, 2].map((index) => orderOf(['a', 'b', 'c'], index).join(''))).toEqual(['abc', 'cba', 'abc']);
});

test('a mean and the deviation of a sample', () => {
  expect([mean([2, 4, 9]), spread([2, 4, 9])]).toEqual([5, Math.sqrt(13)]);
  expect([mean([7]), spread([7])]).toEqual([7, undefined]);
  expect(() => mean([])).toThrow(RangeError);
});

test('two digits behind the point', () => {
  expect([1.234, 1.235, -1.234, 2].map(round)).toEqual([1.23, 1.24, -1.23, 2]);
});

test.each([
  [0.7, true],
  [0.6999, false],
  [0.71, true],
  [undefined, null],
])('a goal of 0.7 with %s', (measured, reached) => {
  expect(target('share', 0.7, measured)).toMatchObject({ what: 'share', wanted: 0.7, reached });
});
