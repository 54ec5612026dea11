import { fillNormal } from '@gradcast/random';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KERNEL_BLOCK, kernelDistance } from './kernel-distance.ts';
import { rowsOf } from './products.ts';

function normal(
  count: number,
  { seed, shift = 0, dimensions = 1 }: { seed: number; shift?: number; dimensions?: number },
) {
  const drawn = new Float32Array(count * dimensions);
  fillNormal(drawn, { seed, stream: 2 });
  return rowsOf(
    drawn.map((value) => value + shift),
    dimensions,
  );
}

describe('kernelDistance', () => {
  it('can be done by hand', () => {
    // k(x, y) = (x y + 1)^3: (1 * 3 + 1)^3 within the real, (0 * 2 + 1)^3 within the generated, four pairs between.
    const between = 1 ** 3 + 3 ** 3 + 1 ** 3 + 7 ** 3;
    const [real, generated] = [rowsOf(Float64Array.of(1, 3), 1), rowsOf(Float64Array.of(0, 2), 1)];
    expect(kernelDistance(real, generated)).toBeCloseTo(64 + 1 - between / 2, 10);
  });

  it('is that of two Gaussians, whose moments are known', () => {
    // The kernel being (x y + 1)^3, it is 3 (m1 - n1)^2 + 3 (m2 - n2)^2 + (m3 - n3)^2 of the moments: 0, 1, 0 of N(0, 1) and
    // s, 1 + s^2, 3 s + s^3 of N(s, 1).
    const s = 0.5;
    const m = [0, s, s * s, 3 * s + s ** 3];
    const truth = 3 * m[1] ** 2 + 3 * m[2] ** 2 + m[3] ** 2;
    const found = kernelDistance(normal(12_000, { seed: 1 }), normal(12_000, { seed: 2, shift: s }));
    expect(Math.abs(found - truth)).toBeLessThan(0.2 * truth);
  });

  it('is 0 on average for one distribution, however few the samples, and so is sometimes negative', () => {
    const found = Array.from({ length: 400 }, (_, i) =>
      kernelDistance(normal(8, { seed: 10 + i, dimensions: 4 }), normal(8, { seed: 9000 + i, dimensions: 4 })),
    );
    const mean = found.reduce((sum, value) => sum + value, 0) / found.length;
    const spread = Math.sqrt(found.reduce((sum, value) => sum + (value - mean) ** 2, 0) / found.length);
    expect(Math.abs(mean)).toBeLessThan((4 * spread) / Math.sqrt(found.length));
    expect(Math.min(...found)).toBeLessThan(0);
  });

  it('is symmetric, and the mean over blocks', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 40 }), fc.integer({ min: 1, max: 1000 }), (count, seed) => {
        const [a, b] = [normal(count, { seed, dimensions: 3 }), normal(count, { seed: seed + 1, dimensions: 3 })];
        expect(kernelDistance(a, b)).toBeCloseTo(kernelDistance(b, a), 9);
      }),
    );
    const part = (values: Float64Array, block: number) =>
      rowsOf(values.slice(block * KERNEL_BLOCK, (block + 1) * KERNEL_BLOCK), 1);
    const [real, other] = [normal(2 * KERNEL_BLOCK + 7, { seed: 3 }), normal(2 * KERNEL_BLOCK, { seed: 4, shift: 1 })];
    const [first, second] = [0, 1].map((block) => kernelDistance(part(real.values, block), part(other.values, block)));
    expect(kernelDistance(real, other)).toBe((first + second) / 2);
  });

  it('refuses too few samples', () => {
    expect(() => kernelDistance(normal(1, { seed: 1 }), normal(5, { seed: 2 }))).toThrow('two samples');
  });
});
