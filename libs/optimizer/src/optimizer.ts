/**
 * What an optimizer is: the vectors and numbers that it keeps, and how a step changes the parameters.
 *
 * Invariants: every number is a float64 that only ever met + - * / and square roots, so it has the same bits on every engine
 * (`Math.pow` differs between Node versions; bias corrections are therefore running products). A step is a pure function of
 * vectors and of the step's scalars, which travel with the average, so a replica needs nothing else.
 */
import type { VectorKernels } from '@gradcast/vector';

/** Numbers by name. */
export type Numbers = Readonly<Record<string, number>>;

export interface Slot {
  /** Begins the names of its tensors in checkpoints. */
  readonly stored: string;
}

export interface Optimizer {
  /** Its vectors, each in the layout of the parameters and zero at first, in the order of snapshots and hashes. */
  readonly slots: readonly Slot[];
  /** What it keeps from step to step, as it is before the first. */
  readonly initial: Numbers;
  /** Names of the step's scalars. */
  readonly scalarNames: readonly string[];
  /**
   * Numbers of the next step, each a float32 value: what every replica needs.
   *
   * @param learningRate of this step, at most the specification's.
   */
  scalars(kept: Numbers, learningRate: number): Numbers;
  /** What it keeps after the step. */
  next(kept: Numbers): Numbers;
  /**
   * Changes parameters and slots in place.
   *
   * @param step has every scalar of {@link scalarNames}.
   */
  apply(kernels: VectorKernels, vectors: OptimizedVectors, step: OptimizerStep): void;
  /** The largest norm of a mean gradient that it can take at any time without overflow. */
  readonly largestNorm: number;
}

export interface OptimizedVectors {
  readonly parameters: Float32Array;
  readonly slots: readonly Float32Array[];
}

export interface OptimizerStep {
  /** Mean gradient. */
  readonly average: Float32Array;
  readonly scalars: Numbers;
}
