import { describe, expect, it } from 'vitest';
import { accuracy } from './accuracy.ts';

describe('accuracy', () => {
  it('is the share of samples whose label has the largest score', () => {
    const scores = Float32Array.of(1, 2, 3, 9, 8, 7, 0, 5, 5);
    expect(accuracy(scores, Uint8Array.of(2, 1, 1), 3)).toBeCloseTo(2 / 3, 12);
    expect(accuracy(scores, Uint8Array.of(2, 0, 2), 3)).toBeCloseTo(2 / 3, 12);
    expect(accuracy(new Float32Array(4), Uint8Array.of(0, 1), 2)).toBe(0.5);
  });

  it('refuses scores of other samples', () => {
    expect(() => accuracy(new Float32Array(4), Uint8Array.of(0), 2)).toThrow(RangeError);
    expect(() => accuracy(new Float32Array(0), new Uint8Array(0), 2)).toThrow(RangeError);
  });
});
