/**
 * What a layer is: shapes and parameters known beforehand, a forward pass, and its explicit gradient.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { NamedTensorMap, Tensor } from '@tensorflow/tfjs-core';
import type { TensorSpec } from '@gradcast/tensors';
import type { Kernels } from '../kernels.ts';

/** What every pass of a layer works with. */
export interface Pass {
  readonly kernels: Kernels;
  /** Parameters of the whole model by name. */
  readonly parameters: NamedTensorMap;
  /** BatchNorm statistics by name to normalise with; without them a batch is normalised by its own. */
  readonly statistics?: NamedTensorMap;
  /** The class of each sample, `[N]`, for layers that are told it. */
  readonly labels?: Tensor;
}

export type LayerForward = {
  y: Tensor;
  /** What the layer's gradient needs besides x and y. */
  saved: Tensor[];
  /** Batch statistics by name (`…/mean`, biased `…/variance`), of a BatchNorm layer only. */
  statistics: NamedTensorMap;
};

export interface LayerBackward {
  /** The layer's input, if its gradient needs it. */
  readonly x: Tensor;
  /** The layer's output, if its gradient needs it. */
  readonly y: Tensor;
  readonly saved: readonly Tensor[];
  readonly dy: Tensor;
  /** Whether the gradients of the layer's own parameters are wanted. */
  readonly parameterGradients: boolean;
  /** The first sample whose gradient by x is wanted; undefined for none. */
  readonly inputFrom: number | undefined;
}

export type LayerGradient = {
  /** Gradient by x, from sample `inputFrom` on. */
  dx?: Tensor;
  /** Gradients of the layer's parameters by name. */
  gradients: NamedTensorMap;
};

/** One layer of a network. Shapes leave out the batch axis. */
export interface Layer {
  readonly outputShape: readonly number[];
  /** Trainable tensors, in manifest order. */
  readonly parameters: readonly TensorSpec[];
  /** Statistics of BatchNorm layers, mean then variance; empty for others. */
  readonly statistics: readonly TensorSpec[];
  /** Set where a forward pass needs labels, which are below this. */
  readonly classes?: number;
  /** What of a forward pass the gradient needs besides `saved`: the layer's input, its output or neither. */
  readonly gradientNeeds: 'x' | 'y' | undefined;
  forward(x: Tensor, pass: Pass): LayerForward;
  backward(call: LayerBackward, pass: Pass): LayerGradient;
}

/** The samples of a batch from `first` on. */
export function samplesFrom<T extends Tensor>(tensor: T, first: number): T {
  return first === 0 ? tensor : tf.slice(tensor, [first, ...tensor.shape.slice(1).map(() => 0)]);
}
