/**
 * Networks with every layer kind, stride and padding of the presets in a few hundred parameters, so that a test can
 * afford finite differences on any backend. They are not offered to users.
 */
import type { Preset } from './presets.ts';

const conv = { kind: 'conv', padding: 'same', bias: true } as const;
const transpose = { kind: 'conv_transpose', padding: 'same', bias: false } as const;
const tanh = { kind: 'activation', activation: 'tanh' } as const;
const leaky = { kind: 'activation', activation: 'leaky_relu', slope: 0.3 } as const;

const training = {
  optimizer: { kind: 'adam', learningRate: 1e-3, beta1: 0.5, beta2: 0.999, epsilon: 1e-8 },
  initializer: { kind: 'glorot_uniform' },
  microBatches: 4,
  defaultSteps: 8,
} as const;

/** Sigmoid loss; BatchNorm over features and over images; `same` padding with even and odd kernels at stride 1 and 2. */
const sigmoid: Preset = {
  ...training,
  name: 'tiny-sigmoid',
  description: 'for tests',
  image: [8, 8, 1],
  latent: 5,
  noise: 'normal',
  range: 'symmetric',
  generator: [
    { kind: 'dense', units: 16, bias: false },
    { kind: 'batch_norm' },
    leaky,
    { kind: 'reshape', shape: [2, 2, 4] },
    { ...transpose, filters: 4, kernel: 5, stride: 1 },
    { kind: 'batch_norm' },
    leaky,
    { ...transpose, filters: 3, kernel: 5, stride: 2 },
    { kind: 'batch_norm' },
    { kind: 'activation', activation: 'relu' },
    { ...transpose, filters: 1, kernel: 4, stride: 2, bias: true },
    tanh,
  ],
  discriminator: [
    { ...conv, filters: 3, kernel: 5, stride: 2 },
    leaky,
    { ...conv, filters: 4, kernel: 4, stride: 2 },
    leaky,
    { kind: 'reshape', shape: [16] },
    { kind: 'dense', units: 1, bias: true },
  ],
  loss: 'sigmoid',
  batchNorm: { epsilon: 1e-3, momentum: 0.9 },
  ema: { limit: 0.999 },
  microBatch: 16,
};

/** Softmax loss, `valid` padding, average pooling, tanh and sigmoid. */
const softmax: Preset = {
  ...training,
  name: 'tiny-softmax',
  description: 'for tests',
  image: [12, 12, 1],
  latent: 4,
  noise: 'uniform',
  range: 'unit',
  generator: [
    { kind: 'dense', units: 12, bias: true },
    tanh,
    { kind: 'reshape', shape: [2, 2, 3] },
    { ...transpose, padding: 'valid', filters: 2, kernel: 4, stride: 2, bias: true },
    { ...transpose, padding: 'valid', filters: 1, kernel: 2, stride: 2, bias: true },
    { kind: 'activation', activation: 'sigmoid' },
  ],
  discriminator: [
    { ...conv, padding: 'valid', filters: 2, kernel: 3, stride: 1 },
    tanh,
    { kind: 'average_pool', size: 2 },
    { ...conv, padding: 'valid', filters: 3, kernel: 2, stride: 1 },
    tanh,
    { kind: 'average_pool', size: 2 },
    { kind: 'reshape', shape: [12] },
    { kind: 'dense', units: 5, bias: true },
    tanh,
    { kind: 'dense', units: 2, bias: true },
  ],
  loss: 'softmax',
  microBatch: 2,
};

/** The same layers without kinks, for finite differences that no unit's sign disturbs. */
function smooth(layers: Preset['generator']): Preset['generator'] {
  return layers.map((layer) => (layer.kind === 'activation' ? tanh : layer));
}

/** Resizing in place of transposed convolutions: with a convolution of its own behind it, and as one layer with it. */
const resized: Preset = {
  ...sigmoid,
  name: 'tiny-resized',
  generator: [
    { kind: 'dense', units: 12, bias: false },
    { kind: 'reshape', shape: [2, 2, 3] },
    { kind: 'batch_norm' },
    leaky,
    { kind: 'resize_conv', filters: 4, kernel: 3, factor: 2, bias: false },
    { kind: 'batch_norm' },
    leaky,
    { kind: 'resize', factor: 2 },
    { ...conv, filters: 1, kernel: 3, stride: 1 },
    tanh,
  ],
  discriminator: smooth(sigmoid.discriminator),
};

/** Both networks are told the label: BatchNorm by class over features and over images, a projection. */
const conditional: Preset = {
  ...sigmoid,
  name: 'tiny-conditional',
  classes: 3,
  generator: smooth(sigmoid.generator).map((layer) =>
    layer.kind === 'batch_norm' ? { kind: 'class_batch_norm', classes: 3 } : layer,
  ),
  discriminator: [...smooth(sigmoid.discriminator).slice(0, -1), { kind: 'projection', classes: 3 }],
};

/** Pairs, a penalty on half of the samples, and every number that a tail may have. The last layer has no bias: pairs cancel it. */
const relativistic: Preset = {
  ...sigmoid,
  name: 'tiny-relativistic',
  generator: smooth(sigmoid.generator),
  discriminator: [...smooth(sigmoid.discriminator).slice(0, -1), { kind: 'dense', units: 1, bias: false }],
  loss: 'relativistic',
  penalty: { sigma: 0.5, weight: 2, share: 0.5 },
  measuresFakes: true,
};

/** By what they are there for. */
export const tinyPresets = { sigmoid, softmax, resized, conditional, relativistic } as const;
