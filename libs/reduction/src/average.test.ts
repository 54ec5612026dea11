import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { alignedSubtrees } from '@gradcast/ledger';
import { referenceKernels as kernels } from '@gradcast/vector';
import { measureGradient, takeMean } from './average.ts';
import { vectorTree } from './vector-tree.ts';

const shape = { generator: 16, parameters: 32 };
const leaf = fc.float32Array({ minLength: 48, maxLength: 48, min: -1e6, max: 1e6, noNaN: true });

/** Adds leaves [first, first + count) the way a worker does, one vector per aligned subtree. */
function upload(leaves: readonly Float32Array[], first: number, count: number) {
  return alignedSubtrees({ first, count }).map((subtree) => {
    const sum = vectorTree(subtree, kernels);
    for (let i = 0; i < subtree.size; i++)
      sum.add({ start: subtree.start + i, size: 1 }, leaves[subtree.start + i].slice());
    return { subtree, vector: sum.total! };
  });
}

describe('vectorTree', () => {
  it('has the same bits however the leaves were cut into leases and in whatever order they came', () => {
    fc.assert(
      fc.property(
        fc.array(leaf, { minLength: 8, maxLength: 8 }),
        fc.uniqueArray(fc.integer({ min: 1, max: 7 })),
        fc.infiniteStream(fc.nat(100)),
        (leaves, cuts, order) => {
          const [{ vector: one }] = upload(leaves, 0, 8);
          const bounds = [0, ...cuts.sort((a, b) => a - b), 8];
          const parts = bounds.slice(1).flatMap((end, i) => upload(leaves, bounds[i], end - bounds[i]));
          const shuffled = parts
            .map((part) => ({ part, key: order.next().value as number }))
            .sort((a, b) => a.key - b.key);
          const sum = vectorTree({ start: 0, size: 8 }, kernels);
          for (const { part } of shuffled) expect(sum.add(part.subtree, part.vector)).toBe(true);
          expect(new Uint32Array(sum.total!.buffer)).toEqual(new Uint32Array(one.buffer));
        },
      ),
    );
  });
});

describe('takeMean', () => {
  it('divides gradient and tail, and keeps the tail out of the norms', () => {
    const sum = new Float32Array(48);
    sum[0] = 12;
    sum[20] = 16;
    sum[40] = 4000;
    const norms = takeMean(sum, { leaves: 4, shape, kernels });
    expect(norms).toEqual({ finite: true, norm: 5, generatorNorm: 3, discriminatorNorm: 4 });
    expect(sum[40]).toBe(1000);
  });

  it('says when an element of the gradient or the tail is not finite', () => {
    for (const place of [0, 31, 32, 47]) {
      const vector = new Float32Array(48);
      vector[place] = NaN;
      expect(measureGradient(vector, shape, kernels).finite).toBe(false);
    }
  });
});
