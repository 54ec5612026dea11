/** The vectors that kernels run over: the same numbers on every machine. */
import { packedElementBytes, packedExponents } from '@gradcast/vector';
import type { PackedFormat, PackedRun, VectorKernels } from '@gradcast/vector';

/** Parameters of the `tutorial` preset, padding included. */
export const LENGTH = 2_540_032;
export const ROUNDING = { key0: 1, key1: 2, first: 0 };

/** Makes a vector of so many zeros. */
export type Allocate = (length: number) => Float32Array;

type Packed = Readonly<Record<PackedFormat, PackedRun>>;

/** A received vector, as it is and packed. */
export interface Frame {
  readonly vector: Float32Array;
  readonly packed: Packed;
}

/** What a process holds between frames. */
export interface State {
  readonly parameters: Float32Array;
  readonly first: Float32Array;
  readonly second: Float32Array;
  readonly sum: Float32Array;
  readonly packed: Packed;
  /** Runs that can be divided by their exponents: no block's largest element was rounded to another binade. */
  readonly halvable: Packed;
}

export const ordinary: Allocate = (length) => new Float32Array(length);

export function stateOf(allocate: Allocate, kernels: VectorKernels): State {
  const second = filled(allocate, 3);
  second.forEach((value, index) => (second[index] = value * value));
  const parameters = filled(allocate, 1);
  return {
    parameters,
    first: filled(allocate, 2),
    second,
    sum: filled(allocate, 4),
    packed: packedRuns(parameters, allocate, kernels),
    // The largest of a block is between 0.4 and 0.45, far from the next power of two.
    halvable: packedRuns(
      parameters.map((value) => 0.9 * value),
      allocate,
      kernels,
    ),
  };
}

export function frameOf(vector: Float32Array, kernels: VectorKernels): Frame {
  return { vector, packed: packedRuns(vector, ordinary, kernels) };
}

/** A vector in each packed format. */
function packedRuns(vector: Float32Array, allocate: Allocate, kernels: VectorKernels): Packed {
  const run = (format: PackedFormat): PackedRun => {
    const valueBytes = LENGTH * packedElementBytes(format);
    const exponentBytes = packedExponents(format, LENGTH);
    const { buffer, byteOffset } = allocate(Math.ceil((valueBytes + exponentBytes) / 4));
    const values = new Uint8Array(buffer, byteOffset, valueBytes);
    const packed = { values, exponents: new Uint8Array(buffer, byteOffset + valueBytes, exponentBytes) };
    kernels.pack(format, vector, packed, ROUNDING);
    return packed;
  };
  return { bf16: run('bf16'), f16: run('f16'), int8: run('int8') };
}

/** A vector of numbers between -0.5 and 0.5. */
export function filled(allocate: Allocate, seed: number): Float32Array {
  const vector = allocate(LENGTH);
  for (let index = 0; index < LENGTH; index++) {
    vector[index] = (Math.imul(index + seed, 0x9e3779b1) >>> 8) / 2 ** 24 - 0.5;
  }
  return vector;
}
