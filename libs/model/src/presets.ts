/**
 * The presets: each network as data, with its loss, initialisation, optimizer and step size.
 *
 * Layers without parameters carry no name; the others are named by kind and count when a model is built.
 */

import type { AdamSpec, NoiseDistribution } from '@gradcast/task';

export type Activation = 'tanh' | 'sigmoid' | 'relu' | 'leaky_relu';

/** One layer of a network; shapes follow from the input. Padding is TensorFlow's `same` or `valid`. */
export type LayerSpec =
  | { readonly kind: 'dense'; readonly units: number; readonly bias: boolean }
  | ({ readonly kind: 'conv' | 'conv_transpose' } & ConvolutionSpec)
  | { readonly kind: 'batch_norm' }
  | { readonly kind: 'activation'; readonly activation: Activation; readonly slope?: number }
  | { readonly kind: 'average_pool'; readonly size: number }
  | { readonly kind: 'reshape'; readonly shape: readonly number[] };

export interface ConvolutionSpec {
  readonly filters: number;
  /** Side of the square kernel. */
  readonly kernel: number;
  readonly stride: number;
  readonly padding: 'same' | 'valid';
  readonly bias: boolean;
}

/** Everything that defines a training run's numbers except seed, step count and data. */
export interface Preset {
  readonly name: string;
  /** One sentence for `--help`. */
  readonly description: string;
  /** Height, width and channels of an image. */
  readonly image: readonly [number, number, number];
  /** Elements of one sample's noise. */
  readonly latent: number;
  readonly noise: NoiseDistribution;
  /** What pixels 0 to 255 become: 0 to 1 (`unit`) or -1 to 1 (`symmetric`). */
  readonly range: 'unit' | 'symmetric';
  readonly generator: readonly LayerSpec[];
  /** Ends in one logit per sample (`sigmoid`) or two, fake then real (`softmax`). It has no BatchNorm. */
  readonly discriminator: readonly LayerSpec[];
  /**
   * `sigmoid`: binary cross-entropy, the discriminator's loss is its mean over real plus its mean over fake.
   * `softmax`: two-class cross-entropy, the discriminator's loss is one mean over real and fake together.
   */
  readonly loss: 'sigmoid' | 'softmax';
  /** Kernels only; biases start at 0, gamma at 1, beta at 0. */
  readonly initializer: { readonly kind: 'glorot_uniform' } | { readonly kind: 'normal'; readonly deviation: number };
  /** Set if and only if the generator has BatchNorm layers. */
  readonly batchNorm?: { readonly epsilon: number; readonly momentum: number };
  readonly optimizer: AdamSpec;
  /** The generator's moving average: decay min(limit, (1 + t) / (10 + t)) at step t, counted from 0. */
  readonly ema?: { readonly limit: number };
  /** Samples of a micro-batch, m. */
  readonly microBatch: number;
  /** Micro-batches of a step, M: a power of two. */
  readonly microBatches: number;
  /** Steps of a run that names neither steps nor epochs. */
  readonly defaultSteps: number;
}

/** BatchNorm statistics over fewer samples are too noisy to train with. */
export const BATCH_NORM_MINIMUM = 16;

/** Steps that see at least `images` images. */
function stepsFor(images: number, globalBatch: number): number {
  return Math.ceil(images / globalBatch);
}

const tanh = { kind: 'activation', activation: 'tanh' } as const;
const sigmoid = { kind: 'activation', activation: 'sigmoid' } as const;
const relu = { kind: 'activation', activation: 'relu' } as const;
const leaky = (slope: number) => ({ kind: 'activation', activation: 'leaky_relu', slope }) as const;
const batchNorm = { kind: 'batch_norm' } as const;

/** A convolution with TensorFlow's `same` padding and a bias unless said otherwise. */
function convolution<K extends 'conv' | 'conv_transpose'>(
  kind: K,
  filters: number,
  kernel: number,
  options: { stride?: number; padding?: 'same' | 'valid'; bias?: boolean } = {},
) {
  const { stride = 1, padding = 'same', bias = true } = options;
  return { kind, filters, kernel, stride, padding, bias } as const;
}

const classic: Preset = {
  name: 'classic',
  description: 'the 2019 tutorial this project began from: tanh layers, softmax loss',
  image: [28, 28, 1],
  latent: 200,
  noise: 'uniform',
  range: 'unit',
  generator: [
    { kind: 'dense', units: 6 * 6 * 128, bias: true },
    tanh,
    { kind: 'reshape', shape: [6, 6, 128] },
    convolution('conv_transpose', 64, 4, { stride: 2, padding: 'valid' }),
    convolution('conv_transpose', 1, 2, { stride: 2, padding: 'valid' }),
    sigmoid,
  ],
  discriminator: [
    convolution('conv', 64, 5, { padding: 'valid' }),
    tanh,
    { kind: 'average_pool', size: 2 },
    convolution('conv', 128, 5, { padding: 'valid' }),
    tanh,
    { kind: 'average_pool', size: 2 },
    { kind: 'reshape', shape: [4 * 4 * 128] },
    { kind: 'dense', units: 1024, bias: true },
    tanh,
    { kind: 'dense', units: 2, bias: true },
  ],
  loss: 'softmax',
  initializer: { kind: 'glorot_uniform' },
  optimizer: { learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
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
    { kind: 'dense', units: 7 * 7 * 256, bias: false },
    batchNorm,
    leaky(0.3),
    { kind: 'reshape', shape: [7, 7, 256] },
    convolution('conv_transpose', 128, 5, { bias: false }),
    batchNorm,
    leaky(0.3),
    convolution('conv_transpose', 64, 5, { stride: 2, bias: false }),
    batchNorm,
    leaky(0.3),
    convolution('conv_transpose', 1, 5, { stride: 2, bias: false }),
    tanh,
  ],
  discriminator: [
    convolution('conv', 64, 5, { stride: 2 }),
    leaky(0.3),
    convolution('conv', 128, 5, { stride: 2 }),
    leaky(0.3),
    { kind: 'reshape', shape: [7 * 7 * 128] },
    { kind: 'dense', units: 1, bias: true },
  ],
  loss: 'sigmoid',
  initializer: { kind: 'glorot_uniform' },
  batchNorm: { epsilon: 1e-3, momentum: 0.99 },
  optimizer: { learningRate: 1e-4, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 },
  microBatch: 64,
  microBatches: 4,
  defaultSteps: stepsFor(120_000, 256),
};

const mnist: Preset = {
  name: 'mnist',
  description: 'the default: the best digits per CPU minute',
  image: [28, 28, 1],
  latent: 100,
  noise: 'normal',
  range: 'symmetric',
  generator: [
    { kind: 'dense', units: 7 * 7 * 128, bias: false },
    { kind: 'reshape', shape: [7, 7, 128] },
    batchNorm,
    relu,
    convolution('conv_transpose', 64, 4, { stride: 2, bias: false }),
    batchNorm,
    relu,
    convolution('conv_transpose', 1, 4, { stride: 2 }),
    tanh,
  ],
  discriminator: [
    convolution('conv', 64, 4, { stride: 2 }),
    leaky(0.2),
    convolution('conv', 128, 4, { stride: 2 }),
    leaky(0.2),
    { kind: 'reshape', shape: [7 * 7 * 128] },
    { kind: 'dense', units: 1, bias: true },
  ],
  loss: 'sigmoid',
  initializer: { kind: 'normal', deviation: 0.02 },
  batchNorm: { epsilon: 1e-5, momentum: 0.9 },
  optimizer: { learningRate: 5e-4, beta1: 0.5, beta2: 0.999, epsilon: 1e-8 },
  ema: { limit: 0.999 },
  microBatch: 32,
  microBatches: 4,
  defaultSteps: stepsFor(240_000, 128),
};

/** The presets by name. */
export const presets = { mnist, classic, tutorial } as const;

export type PresetName = keyof typeof presets;

/** Names of the presets, the default first. */
export const presetNames = ['mnist', 'classic', 'tutorial'] as const satisfies readonly PresetName[];

/** The fewest samples a micro-batch of the preset may have. */
export function minimumMicroBatch(preset: Preset): number {
  return preset.batchNorm ? BATCH_NORM_MINIMUM : 1;
}
