/** Layers without parameters: activations, average pooling, reshaping. */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import type { Kernels } from '../kernels.ts';
import type { Activation } from '../layer-spec.ts';
import type { Layer } from './layer.ts';
import { samplesFrom } from './layer.ts';

function activate(kernels: Kernels, activation: Activation, slope: number, x: Tensor): Tensor {
  switch (activation) {
    case 'tanh':
      return kernels.tanh(x);
    case 'sigmoid':
      return kernels.sigmoid(x);
    case 'relu':
      return kernels.relu(x);
    case 'leaky_relu':
      return kernels.leakyRelu(x, slope);
    default:
      return activation satisfies never;
  }
}

interface ActivationGradient {
  readonly activation: Activation;
  readonly slope: number;
  readonly dy: Tensor;
  readonly y: Tensor;
}

function activationGradient(kernels: Kernels, { activation, slope, dy, y }: ActivationGradient): Tensor {
  switch (activation) {
    case 'tanh':
      return kernels.tanhGradient(dy, y);
    case 'sigmoid':
      return kernels.sigmoidGradient(dy, y);
    case 'relu':
      return kernels.reluGradient(dy, y);
    case 'leaky_relu':
      return kernels.leakyReluGradient(dy, y, slope);
    default:
      return activation satisfies never;
  }
}

/** Applies a function to each element; `slope` belongs to `leaky_relu`. */
export function activation(inputShape: readonly number[], kind: Activation, slope: number): Layer {
  return {
    outputShape: inputShape,
    parameters: [],
    statistics: [],
    gradientNeeds: 'y',
    forward: (x, { kernels }) => ({ y: activate(kernels, kind, slope, x), saved: [], statistics: {} }),
    backward({ y, dy, inputFrom }, { kernels }) {
      if (inputFrom === undefined) return { gradients: {} };
      const rows = { dy: samplesFrom(dy, inputFrom), y: samplesFrom(y, inputFrom) };
      return { gradients: {}, dx: activationGradient(kernels, { activation: kind, slope, ...rows }) };
    },
  };
}

/** Means over `size` x `size` squares side by side: `[N, H, W, C]` to `[N, H / size, W / size, C]`, rounded down. */
export function averagePool(inputShape: readonly number[], size: number): Layer {
  const [height, width, channels] = inputShape;
  return {
    outputShape: [Math.floor(height / size), Math.floor(width / size), channels],
    parameters: [],
    statistics: [],
    gradientNeeds: 'x',
    forward: (x, { kernels }) => ({ y: kernels.avgPool(x as Tensor4D, size), saved: [], statistics: {} }),
    backward({ x, dy, inputFrom }, { kernels }) {
      if (inputFrom === undefined) return { gradients: {} };
      const rows = samplesFrom(dy as Tensor4D, inputFrom);
      return { gradients: {}, dx: kernels.avgPoolGradient(rows, samplesFrom(x as Tensor4D, inputFrom), size) };
    },
  };
}

/** The same elements in another shape. */
export function reshape(inputShape: readonly number[], shape: readonly number[]): Layer {
  return {
    outputShape: shape,
    parameters: [],
    statistics: [],
    gradientNeeds: undefined,
    forward: (x) => ({ y: tf.reshape(x, [x.shape[0], ...shape]), saved: [], statistics: {} }),
    backward({ dy, inputFrom }) {
      if (inputFrom === undefined) return { gradients: {} };
      const rows = samplesFrom(dy, inputFrom);
      return { gradients: {}, dx: tf.reshape(rows, [rows.shape[0], ...inputShape]) };
    },
  };
}
