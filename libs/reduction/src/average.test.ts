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

  it('says when an element of the gradient or the tail is not finite', () => {
    for (const place of [0, 31, 32, 47]) {
      const vector = new Float32Array(48);
      vector[place] = NaN;
      expect(measureGradient(vector, shape, kernels).finite).toBe(false);
    }
  });
});
