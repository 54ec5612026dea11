import { describe, expect, test } from 'vitest';
import { leastSquares, line, nonNegative } from './fit.ts';

test('a line through points that lie on one', () => {
  const { intercept, slope, r2 } = line([1, 2, 4, 8], [5, 7, 11, 19]);
  expect(intercept).toBeCloseTo(3, 12);
  expect(slope).toBeCloseTo(2, 12);
  expect(r2).toBeCloseTo(1, 12);
});

test('residuals and the share of the variance that is explained', () => {
  // By hand: the best line through (0, 0), (1, 1), (2, 0) is 1/3.
  const { coefficients, residuals, r2 } = leastSquares([[1, 0], [1, 1], [1, 2]], [0, 1, 0]); // prettier-ignore
  expect(coefficients[0]).toBeCloseTo(1 / 3, 12);
  expect(coefficients[1]).toBeCloseTo(0, 12);
  expect(residuals[1]).toBeCloseTo(2 / 3, 12);
  expect(r2).toBeCloseTo(0, 12);
});

test('weights decide whose errors are made small', () => {
  const rows = [[1], [1]];
  const [unweighted] = leastSquares(rows, [1, 3]).coefficients;
  // Relative errors: (1 - c)² + (1 - c / 3)² is least at c = 1.2.
  const [relative] = leastSquares(rows, [1, 3], [1, 1 / 3]).coefficients;
  expect(unweighted).toBeCloseTo(2, 12);
  expect(relative).toBeCloseTo(1.2, 12);
});

describe('terms that cannot be negative', () => {
  test('are kept where they are positive', () => {
    const rows = [1, 2, 3].map((x) => [1, x]);
    expect(nonNegative(rows, [3, 5, 7]).coefficients.map((each) => Math.round(each * 1e9) / 1e9)).toEqual([1, 2]);
  });

  test('are left out where they would be negative, and the rest is fitted anew', () => {
    // The line is -1 + 2x: without its intercept the slope is 2 - 6 / 14.
    const [intercept, slope] = nonNegative([[1, 1], [1, 2], [1, 3]], [1, 3, 5]).coefficients; // prettier-ignore
    expect(intercept).toBe(0);
    expect(slope).toBeCloseTo(22 / 14, 12);
  });
});

test.each([
  ['fewer measurements than terms', [[1, 2]], [1]],
  ['terms that always go together', [[1, 2], [2, 4], [3, 6]], [1, 2, 3]], // prettier-ignore
  ['no measurement', [], []],
])('%s are an error', (_, rows, values) => expect(() => leastSquares(rows, values)).toThrow(RangeError));
