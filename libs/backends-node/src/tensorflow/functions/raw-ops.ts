/**
 * TensorFlow ops on tensors of types that tfjs lacks, doubles and bytes, beside its own. A raw tensor is what the binding tells of
 * it; all that are made are freed together.
 */
import type { Tensor } from '@tensorflow/tfjs-core';
import type { NodeBackend, TensorMetadata, TensorValues } from '../binding.ts';
import { opAttributes } from '../ops.ts';
import type { OpValues } from '../ops.ts';

/** Numbers of TensorFlow's enum DataType. */
export const TYPE = { float: 1, double: 2, int32: 3, uint8: 4, bool: 10 } as const;

export class RawOps {
  readonly #backend: NodeBackend;
  readonly #made = new Set<number>();

  constructor(backend: NodeBackend) {
    this.#backend = backend;
  }

  /** A tensor of tfjs', which goes on owning it. */
  of(tensor: Tensor): TensorMetadata {
    const [id] = this.#backend.getInputTensorIds([tensor]);
    return { id, shape: tensor.shape, dtype: this.#backend.getDTypeInteger(tensor.dtype) };
  }

  /** Hands a tensor of floats over to tfjs. */
  toTensor(raw: TensorMetadata): Tensor {
    this.#made.delete(raw.id);
    return this.#backend.createOutputTensor(raw);
  }

  constant(shape: readonly number[], dtype: number, values: TensorValues): TensorMetadata {
    const id = this.#backend.binding.createTensor([...shape], dtype, values);
    this.#made.add(id);
    return { id, shape: [...shape], dtype };
  }

  integers(values: readonly number[]): TensorMetadata {
    return this.constant([values.length], TYPE.int32, Int32Array.from(values));
  }

  /** Runs an op with one output. */
  one(op: string, inputs: readonly TensorMetadata[], values: OpValues = {}): TensorMetadata {
    const { binding } = this.#backend;
    const ids = inputs.map(({ id }) => id);
    const [output] = binding.executeOp(op, opAttributes(binding, values), ids, 1);
    this.#made.add(output.id);
    return output;
  }

  cast(x: TensorMetadata, dtype: number): TensorMetadata {
    return this.one('Cast', [x], { SrcT: { type: x.dtype }, DstT: { type: dtype }, Truncate: { bool: false } });
  }

  reshape(x: TensorMetadata, shape: readonly number[]): TensorMetadata {
    return this.one('Reshape', [x, this.integers(shape)], { T: { type: x.dtype }, Tshape: { type: TYPE.int32 } });
  }

  /** The block of `size` elements from `begin` on, along each axis. */
  slice(x: TensorMetadata, begin: readonly number[], size: readonly number[]): TensorMetadata {
    const values = { T: { type: x.dtype }, Index: { type: TYPE.int32 } };
    return this.one('Slice', [x, this.integers(begin), this.integers(size)], values);
  }

  concat(parts: readonly TensorMetadata[], axis = 0): TensorMetadata {
    if (parts.length === 1) return parts[0];
    const axes = this.constant([], TYPE.int32, Int32Array.of(axis));
    const values = { T: { type: parts[0].dtype }, N: { int: parts.length }, Tidx: { type: TYPE.int32 } };
    return this.one('ConcatV2', [...parts, axes], values);
  }

  /** Rows of a table, `table[indices]`. */
  gather(table: TensorMetadata, indices: TensorMetadata): TensorMetadata {
    return this.one('GatherV2', [table, indices, this.constant([], TYPE.int32, Int32Array.of(0))], {
      Tparams: { type: table.dtype },
      Tindices: { type: indices.dtype },
      Taxis: { type: TYPE.int32 },
      batch_dims: { int: 0 },
    });
  }

  /** The caller frees it. */
  keep(raw: TensorMetadata): TensorMetadata {
    this.#made.delete(raw.id);
    return raw;
  }

  /** Frees all that was made and neither handed over nor kept. */
  free(): void {
    for (const id of this.#made) this.#backend.binding.deleteTensor(id);
    this.#made.clear();
  }
}
