import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { histogramOf } from './histogram.ts';

describe('a histogram', () => {
  it('counts every finite number once, between the least and the most', () => {
    fc.assert(
      fc.property(fc.array(fc.float(), { maxLength: 100 }), (numbers) => {
        const finite = numbers.filter(Number.isFinite);
        const histogram = histogramOf(Float32Array.from(numbers));
        expect(histogram === undefined).toBe(finite.length === 0);
        if (!histogram) return;
        const { min, max, num, limits, counts } = histogram;
        expect([min, max, num]).toEqual([Math.min(...finite), Math.max(...finite), finite.length]);
        expect(counts.reduce((sum, count) => sum + count, 0)).toBe(num);
        expect(limits).toHaveLength(counts.length);
        expect(limits.at(-1)).toBe(max);
        expect([...limits].sort((a, b) => a - b)).toEqual(limits);
      }),
    );
  });

  it('has buckets of equal width', () => {
    const { limits, counts, sum, sumSquares } = histogramOf(Float32Array.of(0, 1, 14.5, 30))!;
    expect(limits).toEqual(Array.from({ length: 30 }, (_, i) => i + 1));
    expect(counts.flatMap((count, i) => (count > 0 ? [i] : []))).toEqual([0, 1, 14, 29]);
    expect([sum, sumSquares]).toEqual([45.5, 1 + 14.5 ** 2 + 900]);
  });

  it('of equal numbers is one bucket', () => {
    expect(histogramOf(Float32Array.of(2, 2))).toMatchObject({ min: 2, max: 2, limits: [2], counts: [2] });
  });
});
