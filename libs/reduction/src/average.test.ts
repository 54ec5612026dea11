import { describe, expect, it } from 'vitest';
import { referenceKernels as kernels } from '@gradcast/vector';
import { measureGradient, takeMean } from './average.ts';

const groups = [
  { name: 'first', from: 0, to: 16 },
  { name: 'second', from: 16, to: 32 },
];
const shape = { groups, parameters: 32 };

describe('takeMean', () => {
  it('divides gradient and tail, and keeps the tail out of the norms', () => {
    const [gradient, tail] = [new Float32Array(32), Float32Array.of(4000)];
    gradient[0] = 12;
    gradient[20] = 16;
    for (const into of [new Float32Array(32), gradient]) {
      const rest = tail.slice();
      const norms = takeMean({ gradient, into, tail: rest }, { leaves: 4, shape, kernels });
      expect(norms).toEqual({ finite: true, norm: 5, groups: [3, 4] });
      expect([into[0], rest[0]]).toEqual([3, 1000]);
    }
  });

  it('clips each group to a norm, and tells the norms before', () => {
    const clipped = (clipNorm: number) => {
      const [gradient, tail] = [new Float32Array(32), Float32Array.of(4000)];
      [gradient[0], gradient[1], gradient[20]] = [12, 16, 4];
      const norms = takeMean({ gradient, into: gradient, tail }, { leaves: 4, shape, kernels, clipNorm });
      expect(norms).toEqual({ finite: true, norm: Math.sqrt(26), groups: [5, 1] });
      return [gradient[0], gradient[1], gradient[20], tail[0]];
    };
    expect(clipped(5)).toEqual([3, 4, 1, 1000]);
    expect(clipped(2.5)).toEqual([1.5, 2, 1, 1000]);
    expect(clipped(0.5)).toEqual([Math.fround(3 * Math.fround(0.1)), Math.fround(4 * Math.fround(0.1)), 0.5, 1000]);
  });

  it('leaves what is not finite as it is', () => {
    for (const [place, value] of [
      [1, NaN],
      [1, Infinity],
      [20, -Infinity],
    ]) {
      const gradient = new Float32Array(32).fill(8);
      gradient[place] = value;
      const norms = takeMean(
        { gradient, into: gradient, tail: Float32Array.of(1) },
        { leaves: 1, shape, kernels, clipNorm: 1 },
      );
      expect([norms.finite, gradient[0], gradient[place]]).toEqual([false, 8, value]);
    }
  });

  it('says when an element of the gradient or the tail is not finite', () => {
    for (const place of [0, 31, 32, 47]) {
      const vector = new Float32Array(48);
      vector[place] = NaN;
      expect(measureGradient(vector, shape, kernels).finite).toBe(false);
    }
  });
});
