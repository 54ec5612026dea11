/**
 * The presets: each network as data, with its loss, initialisation, optimizer and step size.
 *
 * Layers without parameters carry no name; the others are named by kind and count when a model is built.
 */

import { BATCH_NORM_MINIMUM, layers } from '@gradcast/network';
import type { Initializer, LayerSpec } from '@gradcast/network';
import type { AdamSpec, NoiseDistribution, TaskDefaults } from '@gradcast/task';
import { leastSamples } from './penalty.ts';
import type { Penalty } from './penalty.ts';

/** Everything that defines a training run's numbers except seed, step count and data. */
export interface Preset extends Omit<TaskDefaults, 'minimumMicroBatch' | 'optimizer'> {
  readonly optimizer: AdamSpec;
  /** Height, width and channels of an image. */
  readonly image: readonly [number, number, number];
  /** Elements of one sample's noise. */
  readonly latent: number;
  readonly noise: NoiseDistribution;
  /** Classes of the labels that both networks are told; without it they are told none. A fake has the label of a real image. */
  readonly classes?: number;
  /** What pixels 0 to 255 become: 0 to 1 (`unit`) or -1 to 1 (`symmetric`). */
  readonly range: 'unit' | 'symmetric';
  readonly generator: readonly LayerSpec[];
  /** Ends in one logit per sample (`sigmoid`, `relativistic`) or two, fake then real (`softmax`). It has no BatchNorm. */
  readonly discriminator: readonly LayerSpec[];
  /**
   * `sigmoid`: binary cross-entropy, the discriminator's loss is its mean over real plus its mean over fake.
   * `softmax`: two-class cross-entropy, the discriminator's loss is one mean over real and fake together.
   * `relativistic`: binary cross-entropy of which of a pair, a real image and a fake, is the real one.
   */
  readonly loss: 'sigmoid' | 'softmax' | 'relativistic';
  /** What the discriminator's loss has besides; none by default. */
  readonly penalty?: Penalty;
  /** Whether the norm of the generator's loss's gradient at the fake images is measured, as one more number of the tail. */
  readonly measuresFakes?: boolean;
  /** Kernels and embeddings; biases start at 0, gamma at 1, beta at 0. */
  readonly initializer: Initializer;
  /** Set if and only if the generator has BatchNorm layers. */
  readonly batchNorm?: { readonly epsilon: number; readonly momentum: number };
  /** The generator's moving average: decay min(limit, (1 + t) / (10 + t)) at step t from 0, unless the recipe counts images. */
  readonly ema?: { readonly limit: number };
}

/** Steps that see at least `images` images. */
function stepsFor(images: number, globalBatch: number): number {
  return Math.ceil(images / globalBatch);
}

const { dense, conv, convTranspose, averagePool, reshape, batchNorm, leakyRelu, relu, sigmoid, tanh } = layers;
const { classBatchNorm, projection } = layers;

const classic: Preset = {
  name: 'classic',
  description: 'the 2019 tutorial this project began from: tanh layers, softmax loss',
  image: [28, 28, 1],
  latent: 200,
  noise: 'uniform',
  range: 'unit',
  generator: [
    dense(6 * 6 * 128),
    tanh(),
    reshape([6, 6, 128]),
    convTranspose(64, 4, { stride: 2, padding: 'valid' }),
    convTranspose(1, 2, { stride: 2, padding: 'valid' }),
    sigmoid(),
  ],
  discriminator: [
    conv(64, 5, { padding: 'valid' }),
    tanh(),
    averagePool(2),
    conv(128, 5, { padding: 'valid' }),
    tanh(),
    averagePool(2),
    reshape([4 * 4 * 128]),
    dense(1024),
    tanh(),
    dense(2),
  ],
  loss: 'softmax',
  initializer: { kind: 'glorot_uniform' },
  optimizer: { kind: 'adam', learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
  microBatch: 8,
  microBatches: 4,
  defaultSteps: stepsFor(60_000, 32),
};

const tutorial: Preset = {
  name: 'tutorial',
  description: "TensorFlow's DCGAN tutorial without its two Dropout layers, for comparing speed",
  image: [28, 28, 1],
  latent: 100,
  noise: 'normal',
  range: 'symmetric',
  generator: [
    dense(7 * 7 * 256, { bias: false }),
    batchNorm(),
    leakyRelu(0.3),
    reshape([7, 7, 256]),
    convTranspose(128, 5, { bias: false }),
    batchNorm(),
    leakyRelu(0.3),
    convTranspose(64, 5, { stride: 2, bias: false }),
    batchNorm(),
    leakyRelu(0.3),
    convTranspose(1, 5, { stride: 2, bias: false }),
    tanh(),
  ],
  discriminator: [
    conv(64, 5, { stride: 2 }),
    leakyRelu(0.3),
    conv(128, 5, { stride: 2 }),
    leakyRelu(0.3),
    reshape([7 * 7 * 128]),
    dense(1),
  ],
  loss: 'sigmoid',
  initializer: { kind: 'glorot_uniform' },
  batchNorm: { epsilon: 1e-3, momentum: 0.99 },
  optimizer: { kind: 'adam', learningRate: 1e-4, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 },
  microBatch: 64,
  microBatches: 4,
  defaultSteps: stepsFor(120_000, 256),
};

const dcgan: Preset = {
  name: 'dcgan',
  description: 'a small DCGAN by the plain recipe, the default of earlier versions',
  image: [28, 28, 1],
  latent: 100,
  noise: 'normal',
  range: 'symmetric',
  generator: [
    dense(7 * 7 * 128, { bias: false }),
    reshape([7, 7, 128]),
    batchNorm(),
    relu(),
    convTranspose(64, 4, { stride: 2, bias: false }),
    batchNorm(),
    relu(),
    convTranspose(1, 4, { stride: 2 }),
    tanh(),
  ],
  discriminator: [
    conv(64, 4, { stride: 2 }),
    leakyRelu(0.2),
    conv(128, 4, { stride: 2 }),
    leakyRelu(0.2),
    reshape([7 * 7 * 128]),
    dense(1),
  ],
  loss: 'sigmoid',
  initializer: { kind: 'normal', deviation: 0.02 },
  batchNorm: { epsilon: 1e-5, momentum: 0.9 },
  optimizer: { kind: 'adam', learningRate: 5e-4, beta1: 0.5, beta2: 0.999, epsilon: 1e-8 },
  ema: { limit: 0.999 },
  microBatch: 32,
  microBatches: 4,
  defaultSteps: stepsFor(240_000, 128),
};

/**
 * By a search at equal time on two cores (docs/quality.md). Three strided convolutions let a verdict be of a whole digit, where two
 * judge patches; pairs and penalty keep a learning rate four times as high as without them stable; and narrow networks, which see
 * many more images in the same time, draw better than wide ones.
 */
const mnist: Preset = {
  ...dcgan,
  name: 'mnist',
  description: 'the default: the best digits per CPU minute',
  generator: [
    dense(7 * 7 * 32, { bias: false }),
    reshape([7, 7, 32]),
    batchNorm(),
    relu(),
    convTranspose(16, 4, { stride: 2, bias: false }),
    batchNorm(),
    relu(),
    conv(16, 3, { bias: false }),
    batchNorm(),
    relu(),
    convTranspose(1, 4, { stride: 2 }),
    tanh(),
  ],
  discriminator: [
    conv(16, 4, { stride: 2 }),
    leakyRelu(0.2),
    conv(32, 4, { stride: 2 }),
    leakyRelu(0.2),
    conv(64, 4, { stride: 2 }),
    leakyRelu(0.2),
    reshape([4 * 4 * 64]),
    dense(1),
  ],
  loss: 'relativistic',
  // gamma 0.3
  penalty: { sigma: 0.05, weight: 60, share: 0.25 },
  measuresFakes: true,
  optimizer: { kind: 'adam', learningRate: 2e-3, beta1: 0.5, beta2: 0.999, epsilon: 1e-8 },
  recipe: { averageImages: 10_000 },
  defaultSteps: stepsFor(600_000, 128),
};

const DIGITS = 10;

/** `mnist` with the label told to both networks; all else follows it. */
const conditional: Preset = {
  ...mnist,
  name: 'conditional',
  description: 'as mnist, with the digit told to both networks, so that samples of one can be asked for',
  classes: DIGITS,
  generator: mnist.generator.map((layer) => (layer.kind === 'batch_norm' ? classBatchNorm(DIGITS) : layer)),
  discriminator: [...mnist.discriminator.slice(0, -1), projection(DIGITS)],
};

/** The presets by name, the default first. */
export const presets = { mnist, conditional, dcgan, classic, tutorial } as const;

export type PresetName = keyof typeof presets;

export const presetNames = Object.keys(presets) as readonly PresetName[];

export function defaultsOf(preset: Preset): TaskDefaults {
  const { name, description, optimizer, microBatch, microBatches, defaultSteps, batchNorm, recipe, penalty } = preset;
  const minimumMicroBatch = Math.max(batchNorm ? BATCH_NORM_MINIMUM : 1, penalty ? leastSamples(penalty) : 1);
  return {
    name,
    description,
    optimizer,
    microBatch,
    microBatches,
    minimumMicroBatch,
    defaultSteps,
    ...(recipe && { recipe }),
  };
}
