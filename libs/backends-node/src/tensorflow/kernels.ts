/**
 * The training kernels of the `tensorflow` backend: each is one TensorFlow op, also those that tfjs-core has no name
 * for (LeakyReluGrad, FusedBatchNormV3 in training mode and its gradient, BiasAddGrad).
 */
import type { Kernels, Window } from '@gradcast/network';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor, Tensor1D, Tensor2D, Tensor3D, Tensor4D } from '@tensorflow/tfjs-core';
import { fourierConvolutions, type Products } from '@gradcast/engine';
import type { NodeBackend } from './binding.ts';
import { convolutionValues, NHWC, Ops, type OpValues } from './ops.ts';
import { fitsSubPixel, subPixelInputGradient } from './sub-pixel.ts';

function windowValues({ stride, padding }: Window): OpValues {
  return convolutionValues(stride, padding.toUpperCase());
}

function poolValues(size: number): OpValues {
  const window = { int: [1, size, size, 1] };
  return { ksize: window, strides: window, padding: { string: 'VALID' }, ...NHWC };
}

/** TensorFlow normalises NHWC images; features `[N, C]` become `[N, 1, 1, C]`. */
function asImages(x: Tensor): Tensor4D {
  const channels = x.shape.at(-1)!;
  return x.rank === 4 ? (x as Tensor4D) : tf.reshape(x, [x.size / channels, 1, 1, channels]);
}

/** Frees what `asImages` may have made. */
function release(images: Tensor, original: Tensor): void {
  if (images !== original) images.dispose();
}

/** The kernels of a loaded backend; see `Kernels` for what each one computes. */
export function tensorflowKernels(backend: NodeBackend): Kernels {
  const ops = new Ops(backend);
  const products = matrixProducts(ops);
  return {
    matMul: products.matMul,
    ...convolutions(ops),
    preparedConvolution: fourierConvolutions(products),
    biasAdd: (x, bias) => ops.one('BiasAdd', [x, bias], NHWC),
    biasGradient: (dy) => ops.one('BiasAddGrad', [dy], NHWC) as Tensor1D,
    leakyRelu: (x, slope) => ops.one('LeakyRelu', [x], { alpha: { float: slope } }),
    leakyReluGradient: (dy, y, slope) => ops.one('LeakyReluGrad', [dy, y], { alpha: { float: slope } }),
    relu: (x) => ops.one('Relu', [x]),
    reluGradient: (dy, y) => ops.one('ReluGrad', [dy, y]),
    tanh: (x) => ops.one('Tanh', [x]),
    tanhGradient: (dy, y) => ops.one('TanhGrad', [y, dy]),
    sigmoid: (x) => ops.one('Sigmoid', [x]),
    sigmoidGradient: (dy, y) => ops.one('SigmoidGrad', [y, dy]),
    avgPool: (x, size) => ops.one('AvgPool', [x], poolValues(size)) as Tensor4D,
    avgPoolGradient: (dy, x, size) =>
      ops.withShape(x.shape, (shape) => ops.one('AvgPoolGrad', [shape, dy], poolValues(size))) as Tensor4D,
    ...resizeKernels(ops),
    ...batchNormKernels(ops),
  };
}

/** The op that resizes takes twice as long as copies of rows; its gradient is as fast as it can be. */
function resizeKernels(ops: Ops): Pick<Kernels, 'resize' | 'resizeGradient'> {
  return {
    resize: (x, factor) => {
      const [images, height, width, channels] = x.shape;
      const pixels = tf.reshape(x, [images * height, 1, width, 1, channels]);
      const squares = tf.tile(pixels, [1, factor, 1, factor, 1]);
      pixels.dispose();
      const y = tf.reshape<tf.Rank.R4>(squares, [images, height * factor, width * factor, channels]);
      squares.dispose();
      return y;
    },
    resizeGradient: (dy, factor) =>
      ops.withShape([dy.shape[1] / factor, dy.shape[2] / factor], (size) =>
        ops.one('ResizeNearestNeighborGrad', [dy, size], { align_corners: { bool: false } }),
      ) as Tensor4D,
  };
}

function matrixProducts(ops: Ops): Products {
  return {
    matMul: (a, b, transposeA = false, transposeB = false) =>
      ops.one('MatMul', [a, b], { transpose_a: { bool: transposeA }, transpose_b: { bool: transposeB } }) as Tensor2D,
    batchMatMul: (a, b, transposeA, transposeB) =>
      ops.one('BatchMatMulV2', [a, b], { adj_x: { bool: transposeA }, adj_y: { bool: transposeB } }) as Tensor3D,
  };
}

/** Convolutions that sum tap by tap: TensorFlow's own, but for input gradients towards few channels. */
function convolutions(ops: Ops): Pick<Kernels, 'conv2d' | 'conv2dInputGradient' | 'conv2dFilterGradient'> {
  return {
    conv2d: (x, filter, window) => ops.one('Conv2D', [x, filter], windowValues(window)) as Tensor4D,
    conv2dInputGradient: (dy, filter, inputShape, window) => {
      if (fitsSubPixel(inputShape, window)) return subPixelInputGradient(ops, dy, filter, inputShape, window);
      return ops.withShape(inputShape, (shape) =>
        ops.one('Conv2DBackpropInput', [shape, filter, dy], windowValues(window)),
      ) as Tensor4D;
    },
    conv2dFilterGradient: (x, dy, filterShape, window) =>
      ops.withShape(filterShape, (shape) =>
        ops.one('Conv2DBackpropFilter', [x, shape, dy], windowValues(window)),
      ) as Tensor4D,
  };
}

/**
 * FusedBatchNormV3 returns y, the batch mean, the variance divided by count - 1 (the tail wants it divided by the
 * count), and three reserved outputs that only its own gradient understands.
 */
function batchNormKernels(ops: Ops): Pick<Kernels, 'batchNorm' | 'batchNormGradient' | 'normalize'> {
  const values = (epsilon: number, training: boolean): OpValues => ({
    epsilon: { float: epsilon },
    is_training: { bool: training },
    ...NHWC,
  });
  const forward = (x: Tensor, parameters: Tensor[], settings: OpValues): Tensor[] => {
    const images = asImages(x);
    const outputs = ops.many('FusedBatchNormV3', [images, ...parameters], 6, settings);
    release(images, x);
    return [backToShape(outputs[0], x), ...outputs.slice(1)];
  };
  return {
    batchNorm: (x, gamma, beta, epsilon) => {
      const none = tf.tensor1d([], 'float32');
      const outputs = forward(x, [gamma, beta, none, none], values(epsilon, true));
      none.dispose();
      const [y, mean, unbiased, ...saved] = outputs as [Tensor, Tensor1D, Tensor1D, ...Tensor[]];
      const count = x.size / x.shape.at(-1)!;
      const variance = tf.mul<Tensor1D>(unbiased, Math.max(count - 1, 1) / count);
      unbiased.dispose();
      return { y, mean, variance, saved };
    },
    batchNormGradient: (dy, x, gamma, saved, epsilon) => {
      const [images, gradients] = [asImages(x), asImages(dy)];
      const inputs = [gradients, images, gamma, ...saved];
      const outputs = ops.many('FusedBatchNormGradV3', inputs, 5, values(epsilon, true));
      release(images, x);
      release(gradients, dy);
      const [dx, dGamma, dBeta, ...unused] = outputs as [Tensor, Tensor1D, Tensor1D, ...Tensor[]];
      tf.dispose(unused);
      return { dx: backToShape(dx, x), gamma: dGamma, beta: dBeta };
    },
    normalize: (x, { gamma, beta, mean, variance }, epsilon) => {
      const [y, ...unused] = forward(x, [gamma, beta, mean, variance], values(epsilon, false)) as [Tensor, ...Tensor[]];
      tf.dispose(unused);
      return y;
    },
  };
}

function backToShape(images: Tensor, like: Tensor): Tensor {
  if (like.rank === 4) return images;
  const y = tf.reshape(images, like.shape);
  images.dispose();
  return y;
}
