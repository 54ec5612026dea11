import { describe, expect, it } from 'vitest';
import { movedParameters, withLeeway } from './rounding.ts';

describe('movedParameters', () => {
  const parameters = Float32Array.from({ length: 4096 }, (_, i) => (i - 2048) / 1000);

  it('moves each element by two millionths of itself at most, and most of them', () => {
    const copies = movedParameters(parameters, 3);
    for (const copy of copies) {
      // Half a unit in the last place is what storing a float32 adds.
      const moves = copy.map((value, i) => (parameters[i] === 0 ? 0 : Math.abs(value / parameters[i] - 1)));
      expect(Math.max(...moves)).toBeLessThan(2e-6 + 2 ** -23);
      expect(moves.filter((move) => move > 1e-7).length).toBeGreaterThan(0.8 * parameters.length);
    }
  });

  it('moves each copy otherwise, and the same way each time', () => {
    const [one, other] = movedParameters(parameters, 2);
    expect(one).not.toEqual(other);
    expect(movedParameters(parameters, 2)).toEqual([one, other]);
  });
});

describe('withLeeway', () => {
  it('is the tolerance, or three times the farthest that the computation itself goes', () => {
    expect(withLeeway(0.01)).toBe(0.01);
    expect(withLeeway(0.01, 0.001, 0.002)).toBe(0.01);
    expect(withLeeway(0.01, 0.001, 0.5)).toBe(1.5);
  });

  it('lets nothing pass where that is no number', () => {
    expect(0.5 < withLeeway(0.01, NaN)).toBe(false);
  });
});
