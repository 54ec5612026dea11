import { describe, expect, it } from 'vitest';
import { sampleSpread } from './spread.ts';

describe('sampleSpread', () => {
  it('is nothing among samples that are alike, whatever they show', () => {
    expect(sampleSpread(Uint8Array.of(0, 100, 255, 0, 100, 255), 2)).toBe(0);
    expect(sampleSpread(Uint8Array.of(7, 8, 9), 1)).toBe(0);
  });

  it('is the mean standard deviation of a value, as a share of the range', () => {
    expect(sampleSpread(Uint8Array.of(0, 255), 2)).toBe(0.5);
    // The first value differs by 51 either way, the second by nothing.
    expect(sampleSpread(Uint8Array.of(0, 9, 102, 9), 2)).toBeCloseTo(0.1, 12);
  });

  it('refuses what are no samples', () => {
    for (const [length, count] of [
      [5, 2],
      [0, 1],
      [1, 0],
    ]) {
      expect(() => sampleSpread(new Uint8Array(length), count)).toThrow(RangeError);
    }
  });
});
