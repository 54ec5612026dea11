import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { largest, meanSquaredError, softmaxCrossEntropy } from './losses.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

async function crossEntropy(scores: readonly number[][], labels: readonly number[]) {
  const { loss, accuracy, seed } = await softmaxCrossEntropy(
    tf.tensor2d(scores as number[][]),
    tf.tensor1d([...labels]),
  );
  return { loss, accuracy, seed: seed.arraySync() as number[][] };
}

describe('softmaxCrossEntropy', () => {
  it('is the mean of -log p over the samples', async () => {
    const { loss, accuracy, seed } = await crossEntropy(
      [
        [0, 0, Math.log(2)],
        [1, 1, 1],
      ],
      [2, 1],
    );
    expect(loss).toBeCloseTo((Math.log(2) + Math.log(3)) / 2, 6);
    // Of equal scores the first counts.
    expect(accuracy).toBe(0.5);
    expect(seed[0][2]).toBeCloseTo((0.5 - 1) / 2, 6);
    expect(seed[1][1]).toBeCloseTo((1 / 3 - 1) / 2, 6);
    expect(seed[1][0]).toBeCloseTo(1 / 6, 6);
  });

  it('has the gradient of finite differences and sums to zero for each sample', async () => {
    const score = fc.double({ min: -8, max: 8, noNaN: true }).map(Math.fround);
    const row = fc.tuple(score, score, score, score);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(row, fc.integer({ min: 0, max: 3 })), { minLength: 1, maxLength: 5 }),
        async (samples) => {
          const scores = samples.map(([values]) => [...values]);
          const labels = samples.map(([, label]) => label);
          const { seed } = await crossEntropy(scores, labels);
          const lossAt = async (i: number, k: number, change: number) => {
            const moved = scores.map((values) => [...values]);
            moved[i][k] = Math.fround(moved[i][k] + change);
            return { at: moved[i][k], loss: (await crossEntropy(moved, labels)).loss };
          };
          for (const [i, gradient] of seed.entries()) {
            expect(gradient.reduce((sum, value) => sum + value, 0)).toBeCloseTo(0, 6);
            const [above, below] = [await lossAt(i, 1, 2 ** -8), await lossAt(i, 1, -(2 ** -8))];
            expect((above.loss - below.loss) / (above.at - below.at)).toBeCloseTo(gradient[1], 4);
          }
        },
      ),
      { numRuns: 30 },
    );
  });

  it('does not overflow, however far the scores lie apart', async () => {
    const { loss, seed } = await crossEntropy([[3e38, -3e38]], [1]);
    expect(loss).toBeGreaterThan(1e38);
    expect(seed).toEqual([[1, -1]]);
  });

  it('takes the first of equal scores for the largest', () => {
    expect(largest([1, 3, 3, 2])).toBe(1);
    expect(largest(new Float32Array(4))).toBe(0);
  });
});

describe('meanSquaredError', () => {
  it('is a mean over samples and elements, with its gradient', async () => {
    const { loss, seed } = await meanSquaredError(
      tf.tensor2d([
        [1, 2],
        [3, 4],
      ]),
      tf.tensor2d([
        [1, 0],
        [0, 4],
      ]),
    );
    expect(loss).toBe(13 / 4);
    expect(seed.arraySync()).toEqual([
      [0, 1],
      [1.5, 0],
    ]);
  });
});
