import { alignedSubtrees } from '@gradcast/schedule';
import type { Subtree } from '@gradcast/schedule';
import { createCodec } from '@gradcast/reduction';
import { floatsOf } from '@gradcast/tensors';
import { referenceKernels as kernels } from '@gradcast/vector';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SubtreeAccumulator } from './subtree-accumulator.ts';

const LENGTH = 5;
const layout = {
  parameters: { entries: [], length: 4 },
  groups: [{ name: 'all', from: 0, to: 4 }],
  tail: { entries: [], length: 1 },
};
const codec = createCodec('f32', { layout, seed: 1, kernels });
/** Values of such different sizes that another order of additions gives other bits. */
const leafValue = (leaf: number) =>
  Float32Array.from({ length: LENGTH }, (_, i) => ((leaf * 37 + i * 11 + 1) % 101) / 3 ** (leaf % 7));

/** The sum by definition: each node is the sum of its halves. */
function plainTree({ start, size }: Subtree): Float32Array {
  if (size === 1) return leafValue(start);
  const left = plainTree({ start, size: size / 2 });
  kernels.add(left, plainTree({ start: start + size / 2, size: size / 2 }));
  return left;
}

async function accumulate(
  subtree: Subtree,
  { spare = [], memory = new Set() }: { spare?: Uint8Array[]; memory?: Set<ArrayBufferLike> } = {},
): Promise<{ total: Float32Array; vectors: number }> {
  const sum = new SubtreeAccumulator(subtree, { codec, step: 3, spare });
  for (let leaf = subtree.start; leaf < subtree.start + subtree.size; leaf++) {
    await sum.add(leaf, (vector) => {
      memory.add(vector.buffer);
      vector.set(leafValue(leaf));
      return Promise.resolve();
    });
  }
  return { total: floatsOf(sum.total), vectors: memory.size };
}

describe('SubtreeAccumulator', () => {
  it('has the bits of the plain tree for every subtree of any range, whatever memory it uses again', async () => {
    const range = fc.record({ first: fc.nat(70), count: fc.integer({ min: 1, max: 70 }) });
    await fc.assert(
      fc.asyncProperty(range, async (leaves) => {
        const spare: Uint8Array[] = [];
        for (const subtree of alignedSubtrees(leaves)) {
          expect((await accumulate(subtree, { spare })).total).toEqual(plainTree(subtree));
        }
      }),
      { numRuns: 50 },
    );
  });

  it('would show another order', () => {
    const inOrder = leafValue(0);
    for (let leaf = 1; leaf < 8; leaf++) kernels.add(inOrder, leafValue(leaf));
    expect(inOrder).not.toEqual(plainTree({ start: 0, size: 8 }));
  });

  it('needs one vector more for each further subtree: that of the sum', async () => {
    const spare: Uint8Array[] = [];
    const memory = new Set<ArrayBufferLike>();
    for (let turn = 0; turn < 5; turn++) {
      const { total, vectors } = await accumulate({ start: 8, size: 8 }, { spare, memory });
      expect(total).toEqual(plainTree({ start: 8, size: 8 }));
      expect(vectors).toBe(4 + turn);
      expect(spare).toHaveLength(3);
    }
  });

  it.each([1, 2, 4, 8, 64])('needs log2(n) + 1 vectors for %i leaves', async (size) => {
    expect((await accumulate({ start: size, size })).vectors).toBe(Math.log2(size) + 1);
  });

  it('takes a sum that somebody else added, or leaf after leaf if that did not come', async () => {
    const subtree = { start: 4, size: 4 };
    const spare: Uint8Array[] = [];
    const whole = new SubtreeAccumulator(subtree, { codec, step: 3, spare });
    await whole.addWhole((vector) => {
      vector.set(plainTree(subtree));
      return Promise.resolve(true);
    });
    expect(floatsOf(whole.total)).toEqual(plainTree(subtree));
    const refused = new SubtreeAccumulator(subtree, { codec, step: 3, spare });
    await refused.addWhole((vector) => {
      vector.fill(NaN);
      return Promise.resolve(false);
    });
    expect(() => refused.total).toThrow('not complete');
    // Its memory is used again.
    expect(spare).toHaveLength(1);
    expect((await accumulate(subtree, { spare })).total).toEqual(plainTree(subtree));
  });

  it('has no total before its last leaf', async () => {
    const sum = new SubtreeAccumulator({ start: 2, size: 2 }, { codec, step: 3, spare: [] });
    await sum.add(2, () => Promise.resolve());
    expect(() => sum.total).toThrow('not complete');
  });

  it('refuses leaves of another subtree', async () => {
    const sum = new SubtreeAccumulator({ start: 2, size: 2 }, { codec, step: 3, spare: [] });
    await expect(sum.add(4, () => Promise.resolve())).rejects.toThrow(RangeError);
  });
});
