/** Calls TensorFlow ops by name, with attributes written as plain values. */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Binding, NodeBackend, OpAttribute } from './binding.ts';

/** `{ int: [1, 2, 2, 1] }` and so on: the kind cannot be told from a JavaScript number. */
export type OpValue =
  | { readonly int: number | readonly number[] }
  | { readonly float: number }
  | { readonly bool: boolean }
  | { readonly string: string }
  /** A number of TensorFlow's enum DataType. */
  | { readonly type: number };

export type OpValues = Readonly<Record<string, OpValue>>;

/** Images lie with their channels last. */
export const NHWC = { data_format: { string: 'NHWC' } } satisfies OpValues;

/** Attributes of a convolution; explicit padding needs `explicit_paddings` besides. */
export function convolutionValues(stride: number, padding: string): OpValues {
  return {
    strides: { int: [1, stride, stride, 1] },
    padding: { string: padding },
    dilations: { int: [1, 1, 1, 1] },
    use_cudnn_on_gpu: { bool: true },
    ...NHWC,
  };
}

/** Ops on f32 tensors: the type attribute `T` is always float. */
export class Ops {
  readonly #backend: NodeBackend;
  readonly #float: OpAttribute;

  constructor(backend: NodeBackend) {
    this.#backend = backend;
    this.#float = { name: 'T', type: backend.binding.TF_ATTR_TYPE, value: backend.binding.TF_FLOAT };
  }

  /** Runs an op with one output. */
  one(op: string, inputs: Tensor[], values: OpValues = {}): Tensor {
    return this.#backend.executeSingleOutput(op, [this.#float, ...this.#attributes(values)], inputs);
  }

  /** Runs an op with several outputs whose parameters are of type `U` (float here, too). */
  many(op: string, inputs: Tensor[], outputs: number, values: OpValues): Tensor[] {
    const parameterType = { ...this.#float, name: 'U' };
    const attributes = [this.#float, parameterType, ...this.#attributes(values)];
    return this.#backend.executeMultipleOutputs(op, attributes, inputs, outputs);
  }

  /** Runs `call` with a shape as an int32 tensor, which is freed afterwards. */
  withShape<T>(shape: readonly number[], call: (shapeTensor: Tensor) => T): T {
    const shapeTensor = tf.tensor1d([...shape], 'int32');
    try {
      return call(shapeTensor);
    } finally {
      shapeTensor.dispose();
    }
  }

  #attributes(values: OpValues): OpAttribute[] {
    return opAttributes(this.#backend.binding, values);
  }
}

/** Attributes as the binding takes them. */
export function opAttributes(binding: Binding, values: OpValues): OpAttribute[] {
  const { TF_ATTR_INT, TF_ATTR_FLOAT, TF_ATTR_BOOL, TF_ATTR_STRING, TF_ATTR_TYPE } = binding;
  return Object.entries(values).map(([name, value]) => {
    if ('int' in value) return { name, type: TF_ATTR_INT, value: value.int };
    if ('float' in value) return { name, type: TF_ATTR_FLOAT, value: value.float };
    if ('bool' in value) return { name, type: TF_ATTR_BOOL, value: value.bool };
    if ('type' in value) return { name, type: TF_ATTR_TYPE, value: value.type };
    return { name, type: TF_ATTR_STRING, value: value.string };
  });
}
