/**
 * `Kernels` composed from the kernels that every tfjs backend has. The right answer everywhere, the fast one nowhere:
 * backends override what they have fused.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { NamedAttrMap, NamedTensorMap, Tensor, Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import type { BatchNormForward, BatchNormGradient, Kernels, Normalization, Window } from './kernels.ts';

/** Runs one registered kernel of the current backend, outside any gradient tape. */
function run(name: string, inputs: NamedTensorMap, attributes: object = {}): Tensor4D {
  return tf.engine().runKernel<Tensor4D>(name, inputs, attributes as NamedAttrMap);
}

function convolution({ stride, padding }: Window): object {
  return {
    strides: [stride, stride],
    pad: padding,
    dataFormat: 'NHWC',
    dilations: [1, 1],
    dimRoundingMode: undefined,
  };
}

function pooling(size: number): object {
  return { filterSize: [size, size], strides: [size, size], pad: 'valid', dimRoundingMode: undefined };
}

/** All axes but the last. */
function batchAxes(x: Tensor): number[] {
  return x.shape.slice(0, -1).map((_, axis) => axis);
}

function batchNorm(x: Tensor, gamma: Tensor1D, beta: Tensor1D, epsilon: number): BatchNormForward {
  return tf.tidy(() => {
    const axes = batchAxes(x);
    const mean = tf.mean<Tensor1D>(x, axes);
    const centred = tf.sub(x, mean);
    const variance = tf.mean<Tensor1D>(tf.square(centred), axes);
    const inverse = tf.rsqrt(tf.add(variance, epsilon));
    const y = tf.add(tf.mul(centred, tf.mul(inverse, gamma)), beta);
    return { y, mean, variance, saved: [tf.clone(mean), inverse] };
  });
}

/** Ioffe and Szegedy, "Batch Normalization" (2015), section 3, with the sums over batch and image folded together. */
function batchNormGradient(dy: Tensor, x: Tensor, gamma: Tensor1D, saved: readonly Tensor[]): BatchNormGradient {
  return tf.tidy(() => {
    const [mean, inverse] = saved;
    const axes = batchAxes(x);
    const normalized = tf.mul(tf.sub(x, mean), inverse);
    const beta = tf.sum<Tensor1D>(dy, axes);
    const gammaGradient = tf.sum<Tensor1D>(tf.mul(dy, normalized), axes);
    const count = x.size / gamma.size;
    const centred = tf.sub(dy, tf.div(tf.add(beta, tf.mul(normalized, gammaGradient)), count));
    return { dx: tf.mul(centred, tf.mul(gamma, inverse)), gamma: gammaGradient, beta };
  });
}

/** Kernels that run on any tfjs backend which has the convolution gradients and `AvgPoolGrad` registered. */
export const genericKernels: Kernels = {
  matMul: (a: Tensor2D, b: Tensor2D, transposeA = false, transposeB = false) => tf.matMul(a, b, transposeA, transposeB),
  conv2d: (x: Tensor4D, filter: Tensor4D, window: Window) => run('Conv2D', { x, filter }, convolution(window)),
  conv2dInputGradient: (dy, filter, inputShape, window) =>
    run('Conv2DBackpropInput', { dy, filter }, { ...convolution(window), inputShape }),
  conv2dFilterGradient: (x, dy, filterShape, window) =>
    run('Conv2DBackpropFilter', { x, dy }, { ...convolution(window), filterShape }),
  biasAdd: (x, bias) => tf.add(x, bias),
  biasGradient: (dy) => tf.sum<Tensor1D>(dy, batchAxes(dy)),
  leakyRelu: (x, slope) => run('LeakyRelu', { x }, { alpha: slope }),
  leakyReluGradient: (dy, y, slope) => tf.tidy(() => tf.where(tf.greater(y, 0), dy, tf.mul(dy, slope))),
  relu: (x) => run('Relu', { x }),
  reluGradient: (dy, y) => tf.tidy(() => tf.mul(dy, tf.step(y))),
  tanh: (x) => run('Tanh', { x }),
  tanhGradient: (dy, y) => tf.tidy(() => tf.mul(dy, tf.sub(1, tf.square(y)))),
  sigmoid: (x) => run('Sigmoid', { x }),
  sigmoidGradient: (dy, y) => tf.tidy(() => tf.mul(dy, tf.mul(y, tf.sub(1, y)))),
  avgPool: (x, size) => run('AvgPool', { x }, pooling(size)),
  avgPoolGradient: (dy, x, size) => run('AvgPoolGrad', { dy, input: x }, pooling(size)),
  resize: (x, factor) => {
    const size = [factor * x.shape[1], factor * x.shape[2]];
    return run('ResizeNearestNeighbor', { images: x }, { alignCorners: false, halfPixelCenters: false, size });
  },
  // Means of squares: tfjs-backend-cpu's ResizeNearestNeighborGrad is wrong from the second image on, webgpu's searches.
  resizeGradient: (dy, factor) => tf.tidy(() => tf.mul(run('AvgPool', { x: dy }, pooling(factor)), factor * factor)),
  batchNorm,
  batchNormGradient,
  normalize: (x, { gamma, beta, mean, variance }: Normalization, epsilon) =>
    tf.tidy(() => {
      const scale = tf.mul(gamma, tf.rsqrt(tf.add(variance, epsilon)));
      return tf.add(tf.mul(tf.sub(x, mean), scale), beta);
    }),
};
