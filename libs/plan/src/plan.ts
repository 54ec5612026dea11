/** A step, or another pass through networks, as a static plan. */
import type { Launch } from './launch.ts';

/** Raised when launches, their kernels or the shapes of tiles change: what was timed with another version counts for nothing. */
export const PLAN_VERSION = 1;

/**
 * Where a value lies. `parameters`, `batch` and `statistics` are only read; `result` is what comes back; everything in
 * between lies in one of the arenas.
 */
export type Home = 'parameters' | 'batch' | 'statistics' | 'result' | 'arena';

/** A run of numbers. */
export interface Value {
  readonly name: string;
  readonly elements: number;
  readonly type: 'f32' | 'u8';
  readonly home: Home;
  /** Which arena, else 0. */
  readonly arena: number;
  /** Bytes before it in its buffer; a multiple of {@link PLACE}. */
  readonly offset: number;
}

/** Values begin at multiples of this many bytes: what WebGPU lets a binding begin at on every device. */
export const PLACE = 256;

export interface Lifetime {
  /** The launch that writes the value first, and the last that reads or writes it. */
  readonly from: number;
  readonly to: number;
}

export interface Counts {
  readonly launches: number;
  /** Of products; all else is small beside them. */
  readonly flops: number;
  /** Read and written by launches, each operand once. */
  readonly bytes: number;
  readonly uploadedBytes: number;
  readonly resultBytes: number;
  /** Of all arenas. */
  readonly arenaBytes: number;
  /** What values would take if none shared memory. */
  readonly valueBytes: number;
}

export interface Plan {
  readonly name: string;
  readonly samples: number;
  readonly values: readonly Value[];
  readonly launches: readonly Launch[];
  /** Bytes of each arena. */
  readonly arenas: readonly number[];
  /** Bytes of the buffers of the other homes. */
  readonly sizes: Readonly<Record<Exclude<Home, 'arena'>, number>>;
  /** Where in the result a number is above zero if the plan of {@link Plan.otherwise} must be run in place of this one. */
  readonly flagAt?: number;
  readonly otherwise?: Plan;
}
