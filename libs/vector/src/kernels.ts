/**
 * The kernels that run over the flat vector, as an interface: the plain TypeScript of `reference.ts` defines the bits,
 * and any faster implementation must reproduce them exactly.
 *
 * Invariant: every float32 operation is rounded on its own and in a fixed order, so a result depends on its inputs
 * alone, never on the machine. NaN payloads are the one exception (no engine defines them): a vector that is not finite
 * ends the step, so its bits are never compared.
 *
 * Vectors may lie anywhere. One may be given twice (`add(a, a)`), but two that overlap otherwise have no defined result.
 */

import type { StreamPosition } from '@gradcast/random';

/** Scalars of one Adam step; each is a float32 value carried in a JavaScript number. */
export interface AdamScalars {
  /** Step size with both bias corrections folded in: lr * sqrt(1 - beta2^t) / (1 - beta1^t). */
  readonly alpha: number;
  readonly oneMinusBeta1: number;
  readonly oneMinusBeta2: number;
  readonly epsilon: number;
  /**
   * Share that each parameter loses before its step, the learning rate times the weight decay; 0 by default. Decoupled
   * from the gradient's scale: AdamW (Loshchilov & Hutter 2019, algorithm 2).
   */
  readonly decay?: number;
}

/** Scalars of one step of stochastic gradient descent, as those of Adam. */
export interface SgdScalars {
  /** Learning rate. */
  readonly rate: number;
  /** Share of the velocity that stays; 0 by default. Of no effect without a velocity. */
  readonly momentum?: number;
  /** Share that each parameter loses before its step, as for Adam: SGDW (algorithm 1 of the same paper). */
  readonly decay?: number;
}

/** Elements from `from` up to but not including `to`. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** What one pass over a range of a vector tells. */
export interface Measure {
  /** Sum of squares, accumulated in float64 over eight interleaved lanes. Not finite exactly if an element is not. */
  readonly sumOfSquares: number;
  readonly finite: boolean;
}

/** Formats that a run of float32 elements can be packed to. What they keep: docs/kernels.md, "Packing". */
export type PackedFormat = 'bf16' | 'f16' | 'int8';

/** Consecutive elements of a run that share one power-of-two scale in f16 and int8. */
export const PACK_BLOCK = 256;

/** Bytes that an element takes in a format, its share of the exponents not counted. */
export function packedElementBytes(format: PackedFormat): 1 | 2 {
  return format === 'int8' ? 1 : 2;
}

/** Exponents that belong to a run: one for each block begun, none in bf16. */
export function packedExponents(format: PackedFormat, elements: number): number {
  return format === 'bf16' ? 0 : Math.ceil(elements / PACK_BLOCK);
}

/** A run of elements (one tensor, its padding included) in packed form. */
export interface PackedRun {
  /** For each block 0 (all zero), 255 (not finite) or its exponent plus 128; empty in bf16. */
  readonly exponents: Uint8Array;
  /** The elements, little-endian, at an even byte offset of any buffer. */
  readonly values: Uint8Array;
}

/** What decides the stochastic rounding of int8; the other formats do not look at it. */
export interface Rounding {
  /** Two 32-bit words. */
  readonly key0: number;
  readonly key1: number;
  /** Index of the run's first element in the whole vector, modulo 2^32. */
  readonly first: number;
}

/** The four words of a 128-bit fingerprint as 32 hexadecimal digits. */
export type Fingerprint = string;

export interface VectorKernels {
  /**
   * A vector of zeros where these kernels are fastest. It may be a view into a larger buffer that other vectors share:
   * copy it (`slice`) before its buffer is transferred or cloned to another thread.
   */
  allocate(length: number): Float32Array;
  /**
   * Gives a vector of `allocate` back; it must not be used any more. Any other vector is left alone.
   *
   * @throws RangeError if it was given back before, or is only part of an allocated one.
   */
  release(vector: Float32Array): void;
  /** `target[i] += source[i]`. @throws RangeError on different lengths. */
  add(target: Float32Array, source: Float32Array): void;
  /** `target[i] *= factor`, the factor rounded to float32 first. */
  scale(target: Float32Array, factor: number): void;
  /** Sum of squares and finiteness of elements `[from, to)`. */
  measure(vector: Float32Array, from: number, to: number): Measure;
  /**
   * `target[i] = source[i] * factor` for elements `[from, to)` and, in the same pass, `measure` of what they become. The
   * two may be one vector.
   *
   * @throws RangeError on different lengths, or a range that they do not have.
   */
  scaleMeasured(target: Float32Array, source: Float32Array, factor: number, range: Range): Measure;
  /**
   * One Adam step over whole vectors of equal length (Kingma & Ba 2015, section 2, last paragraph: epsilon outside the
   * bias correction, as TensorFlow and Keras do). Moments smaller than 2^-100 are written as zero, so that no denormal
   * number, which some devices flush, ever reaches the state.
   *
   * @throws RangeError on different lengths.
   */
  adam(parameters: Float32Array, moments: Moments, gradient: Float32Array, scalars: AdamScalars): void;
  /**
   * One step of stochastic gradient descent: `parameters -= rate * gradient`, or, with a velocity,
   * `velocity = momentum * velocity + gradient` and `parameters -= rate * velocity` (Polyak 1964, as PyTorch has it).
   * A velocity smaller than 2^-100 is written as zero, as Adam's moments are.
   *
   * @throws RangeError on different lengths.
   */
  sgd(parameters: Float32Array, gradient: Float32Array, scalars: SgdScalars, velocity?: Float32Array): void;
  /** `average[i] += (parameters[i] - average[i]) * (1 - decay)` over `average.length` elements. */
  ema(average: Float32Array, parameters: Float32Array, decay: number): void;
  /**
   * 128-bit fingerprint of the bytes of several vectors, one after the other. It tells two replicas apart with
   * certainty when they differ in one word and with overwhelming probability otherwise; it is no defence against
   * somebody who crafts a collision (checkpoints and results carry SHA-256 for that).
   */
  fingerprint(vectors: readonly Float32Array[]): Fingerprint;
  /** Fills a vector as `fillNormal` of `libs/random` does. @throws RandomError as that. */
  normal(target: Float32Array, place: StreamPosition): void;
  /**
   * Packs a run: every byte of `target` is written. A block with an element that is not finite loses all of its
   * elements (bf16: only that one), so that whoever unpacks it sees it.
   *
   * @throws RangeError unless `target` has `packedExponents` exponents and `packedElementBytes` bytes an element.
   */
  pack(format: PackedFormat, source: Float32Array, target: PackedRun, rounding: Rounding): void;
  /** The elements of a packed run; any bytes have a meaning. @throws RangeError as `pack`. */
  unpack(format: PackedFormat, source: PackedRun, target: Float32Array): void;
  /**
   * `target = pack(unpack(target) + unpack(source))`, without a vector in between.
   *
   * @throws RangeError as `pack`, or if the runs differ in length.
   */
  addPacked(format: PackedFormat, target: PackedRun, source: PackedRun, rounding: Rounding): void;
  /**
   * Divides a run by 2^halvings by its exponents alone, where that is what packing the quotients would write: the run came from `pack`
   * or `addPacked`, and is neither near the smallest exponent nor of bf16, which has none.
   *
   * @returns whether it did; if not, the run is as it was. @throws RangeError as `pack`.
   */
  halvePacked(format: PackedFormat, target: PackedRun, halvings: number): boolean;
  /** Sum of squares, with the lanes of `measure`, and finiteness of the unpacked run. @throws RangeError as `pack`. */
  measurePacked(format: PackedFormat, source: PackedRun): Measure;
}

/** Adam's running averages of the gradient and of its square. */
export interface Moments {
  readonly first: Float32Array;
  readonly second: Float32Array;
}
