/** Losses on the device against the host's. Needs the installed library: `gradcast doctor --install`. */
import { ganLoss as onHost } from '@gradcast/gan';
import { softmaxCrossEntropy } from '@gradcast/network';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadTensorflow } from '../load.ts';
import type { LoadedTensorflow } from '../load.ts';
import { Doubles } from './doubles.ts';
import { ganLoss, softmaxLoss, sumOfNorms } from './losses.ts';
import type { Parts } from './losses.ts';
import { RawOps } from './raw-ops.ts';

const SAMPLES = 60;
const MARGINS = [
  0, 1e-6, -1e-6, 0.5, -0.5, 3, -3, 12, -12, 17, -17, 30, -30, 39.9, -39.9, -40.1, -70, 90, -90, 400, -400,
];

let loaded: LoadedTensorflow;
beforeAll(async () => {
  loaded = await loadTensorflow({ mode: 'eager' });
}, 60_000);

/** The parts' values; all that was made is freed. */
function valuesOf(compute: (d: Doubles) => Parts): Record<string, Float32Array> {
  const raw = new RawOps(loaded.backend);
  const before = loaded.backend.binding.getNumOfTensors();
  try {
    return tf.tidy(() => {
      const parts = compute(new Doubles(raw));
      const values = Object.entries(parts).map(([name, part]) => [name, part.dataSync<'float32'>().slice()] as const);
      return Object.fromEntries(values) as never;
    });
  } finally {
    raw.free();
    expect(loaded.backend.binding.getNumOfTensors()).toBe(before);
  }
}

function furthest(actual: Float32Array, expected: ArrayLike<number>): number {
  // Numbers below the normal ones are flushed.
  const least = 2 ** -120;
  return actual.reduce((most, value, i) => {
    const wanted = Math.fround(expected[i]);
    return value === wanted ? most : Math.max(most, Math.abs(value - wanted) / (Math.abs(wanted) + least));
  }, 0);
}

describe('losses as TensorFlow ops', () => {
  it.each([
    ['sigmoid', 0],
    ['softmax', 0],
    ['relativistic', 0],
    ['sigmoid', 15],
    ['relativistic', SAMPLES],
  ] as const)('are those of the host: %s, %d disturbed', (loss, disturbed) => {
    const classes = loss === 'softmax' ? 2 : 1;
    const rows = 2 * (SAMPLES + disturbed);
    const penalty = disturbed > 0 ? { samples: disturbed, weight: 0.3 / (2 * 0.1 ** 2) } : undefined;
    for (const widest of [2, 35, 400]) {
      const margins = MARGINS.filter((margin) => Math.abs(margin) <= widest);
      const values = Float32Array.from(
        { length: rows * classes },
        (_, i) => margins[(7 * i) % margins.length] / classes,
      );
      const expected = onHost(loss, values, penalty);
      const node = {
        op: 'gan-loss',
        logits: { node: 0, part: 'out' },
        loss,
        samples: SAMPLES,
        separate: true,
      } as const;
      const actual = valuesOf((d) =>
        ganLoss(d, tf.tensor2d(values, [rows, classes]), { ...node, ...(penalty && { penalty }) }),
      );
      const { lossG, lossD, dX, dGZ } = expected;
      const wanted: Record<string, ArrayLike<number>> = {
        discriminator: expected.discriminatorSeed,
        generator: expected.generatorSeed,
        loss_g: [lossG],
        loss_d: [lossD],
        d_x: [dX],
        d_g_z: [dGZ],
        extreme: [Number(expected.extreme)],
        ...(penalty && { penalty: [expected.penalty] }),
        ...(!expected.extreme && { ratio: expected.ratio }),
      };
      for (const [name, numbers] of Object.entries(wanted)) {
        expect(furthest(actual[name], numbers), `${name} up to ${widest}`).toBeLessThan(2e-7);
      }
    }
  });

  it('are those of the host: softmax over classes, with equal scores', async () => {
    const [samples, classes] = [9, 4];
    const values = Float32Array.from({ length: samples * classes }, (_, i) => (i < 2 * classes ? 1 : 9 * Math.sin(i)));
    const given = (): [Tensor2D, Tensor1D] => [
      tf.tensor2d(values, [samples, classes]),
      tf.tensor1d(Array.from({ length: samples }, (_, i) => i % classes)),
    ];
    const [scores, labels] = given();
    const expected = await softmaxCrossEntropy(scores, labels);
    const actual = valuesOf((d) => softmaxLoss(d, ...given()));
    expect(furthest(actual['seed'], await expected.seed.data<'float32'>())).toBeLessThan(2e-7);
    expect(furthest(actual['loss'], [expected.loss])).toBeLessThan(2e-7);
    expect(furthest(actual['accuracy'], [expected.accuracy])).toBe(0);
    tf.dispose([scores, labels, expected.seed]);
  });

  it('include norms of samples', () => {
    const { out } = valuesOf((d) => ({ out: sumOfNorms(d, tf.tensor2d([3, 4, 0, 0, 5, 12], [3, 2])) }));
    expect([...out]).toEqual([18]);
  });
});
