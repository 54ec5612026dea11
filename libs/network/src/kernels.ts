/**
 * The tensor operations a gradient is made of: each forward kernel and its explicit gradient. No tape is used.
 *
 * Images are NHWC. Filters are `[kh, kw, in, out]`; a transposed convolution is the input gradient of a convolution, so
 * its filter is `[kh, kw, out, in]`, as in Keras. `same` padding is TensorFlow's: total padding
 * max(0, (small - 1) * stride + k - large) on the large (convolution input) side, the odd element after.
 *
 * Every kernel returns fresh tensors that the caller owns, and keeps none. None waits for the device.
 */
import type { Tensor, Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';

/** How a filter moves over an image. */
export interface Window {
  readonly stride: number;
  readonly padding: 'same' | 'valid';
}

type Shape4D = [number, number, number, number];

/** One convolution's shapes: of its input, NHWC, and of its filter. */
export interface ConvolutionShapes extends Window {
  readonly input: Shape4D;
  readonly filter: Shape4D;
}

/**
 * A convolution whose operands are first brought into a form of the implementation's own. Each form serves two of the three
 * products, so a layer makes it once and keeps it from the forward pass to the backward pass.
 */
export interface PreparedConvolution {
  input(x: Tensor4D): Tensor;
  filter(filter: Tensor4D): Tensor;
  /** Takes what has the shape of the convolution's output, of any number of images. */
  output(dy: Tensor4D): Tensor;
  forward(input: Tensor, filter: Tensor): Tensor4D;
  /** Of as many images as `output` was made of. */
  inputGradient(output: Tensor, filter: Tensor): Tensor4D;
  filterGradient(input: Tensor, output: Tensor): Tensor4D;
}

/** Result of a training-mode BatchNorm. */
export interface BatchNormForward {
  /** Shape of x. */
  readonly y: Tensor;
  /** Batch mean, `[C]`. */
  readonly mean: Tensor1D;
  /** Biased batch variance (divided by the count, not count - 1), `[C]`. */
  readonly variance: Tensor1D;
  /** What the same set's `batchNormGradient` needs besides x; its meaning is the implementation's own. */
  readonly saved: readonly Tensor[];
}

export interface BatchNormGradient {
  readonly dx: Tensor;
  /** `[C]`. */
  readonly gamma: Tensor1D;
  /** `[C]`. */
  readonly beta: Tensor1D;
}

/** A backend's implementation; build one by spreading `genericKernels` and overriding fields with faster ones. */
export interface Kernels {
  /** `[a, b] x [b, c]`, either factor transposed first if asked for. */
  matMul(a: Tensor2D, b: Tensor2D, transposeA?: boolean, transposeB?: boolean): Tensor2D;
  conv2d(x: Tensor4D, filter: Tensor4D, window: Window): Tensor4D;
  /** Gradient of `conv2d` by x, of shape `inputShape`; also the forward pass of a transposed convolution. */
  conv2dInputGradient(dy: Tensor4D, filter: Tensor4D, inputShape: Shape4D, window: Window): Tensor4D;
  /** Gradient of `conv2d` by its filter, of shape `filterShape`. */
  conv2dFilterGradient(x: Tensor4D, dy: Tensor4D, filterShape: Shape4D, window: Window): Tensor4D;
  /** A faster way for convolutions of these shapes, where there is one. The shapes alone decide. */
  preparedConvolution?(shapes: ConvolutionShapes): PreparedConvolution | undefined;
  /** Adds `bias` `[C]` along the last axis. */
  biasAdd(x: Tensor, bias: Tensor1D): Tensor;
  /** Sum of dy over all axes but the last, `[C]`. */
  biasGradient(dy: Tensor): Tensor1D;
  /** x where x > 0, slope * x elsewhere; slope > 0. */
  leakyRelu(x: Tensor, slope: number): Tensor;
  /** Takes the output y; its sign is that of the input. */
  leakyReluGradient(dy: Tensor, y: Tensor, slope: number): Tensor;
  relu(x: Tensor): Tensor;
  /** Takes the output y. */
  reluGradient(dy: Tensor, y: Tensor): Tensor;
  tanh(x: Tensor): Tensor;
  /** Takes the output y: dy * (1 - y^2). */
  tanhGradient(dy: Tensor, y: Tensor): Tensor;
  sigmoid(x: Tensor): Tensor;
  /** Takes the output y: dy * y * (1 - y). */
  sigmoidGradient(dy: Tensor, y: Tensor): Tensor;
  /** Means over non-overlapping `size` x `size` squares, `valid` padding. */
  avgPool(x: Tensor4D, size: number): Tensor4D;
  /** Gradient of `avgPool`, of the shape of x. */
  avgPoolGradient(dy: Tensor4D, x: Tensor4D, size: number): Tensor4D;
  /** Nearest neighbour: each pixel `factor` x `factor` times, the same bits. */
  resize(x: Tensor4D, factor: number): Tensor4D;
  /** Gradient of `resize`: sums over squares of `factor` x `factor`. */
  resizeGradient(dy: Tensor4D, factor: number): Tensor4D;
  /** Normalises by the batch: statistics over all axes but the last. x is `[N, C]` or `[N, H, W, C]`. */
  batchNorm(x: Tensor, gamma: Tensor1D, beta: Tensor1D, epsilon: number): BatchNormForward;
  batchNormGradient(
    dy: Tensor,
    x: Tensor,
    gamma: Tensor1D,
    saved: readonly Tensor[],
    epsilon: number,
  ): BatchNormGradient;
  /** Normalises by given statistics `[C]`: gamma * (x - mean) / sqrt(variance + epsilon) + beta. */
  normalize(x: Tensor, statistics: Normalization, epsilon: number): Tensor;
}

export interface Normalization {
  readonly gamma: Tensor1D;
  readonly beta: Tensor1D;
  readonly mean: Tensor1D;
  readonly variance: Tensor1D;
}
