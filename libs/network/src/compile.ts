/**
 * How a backend may take a step apart: the parts of a step are pure functions from tensors to tensors, which run as they
 * are written or, where a backend can, as a graph that was made from them.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';

/** Tensors in nested objects and arrays. */
export type TensorTree = Tensor | TensorTree[] | { [name: string]: TensorTree };

/** A function from tensors to tensors. */
export interface Compiled<Input extends TensorTree, Output extends TensorTree> {
  /** The input stays the caller's, and so does the result, which shares no tensor with it. */
  run(tensors: Input): Output;
  /** Frees what was made from the function. */
  dispose(): void;
}

/**
 * Makes the fast form of a function. It depends on nothing but its tensors, and on their shapes; what else it computes
 * with are constants. It does not read a tensor's values.
 */
export type Compile = <Input extends TensorTree, Output extends TensorTree>(
  body: (tensors: Input) => Output,
) => Compiled<Input, Output>;

/** Runs a function as it is written. */
export const asWritten: Compile = (body) => ({
  run: (tensors) => tf.tidy(() => body(tensors)),
  dispose: () => undefined,
});
