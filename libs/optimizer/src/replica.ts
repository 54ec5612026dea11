/**
 * A replica: what every worker and the coordinator hold of the model, and the one step they all take.
 *
 * Invariant: two replicas at the same version have the same bytes, because each applied the same averages with the same
 * deterministic kernel. The fingerprint that travels with each result makes a broken one visible before its gradient
 * is used.
 */
import type { Fingerprint, VectorKernels } from '@gradcast/vector';
import type { Numbers, OptimizedVectors, Optimizer } from './optimizer.ts';

/** Parameters and what the optimizer keeps, all in the layout of the task's parameters. */
export type ReplicaVectors = OptimizedVectors;

export interface ReplicaOptions {
  readonly version: number;
  readonly optimizer: Optimizer;
  readonly kernels: VectorKernels;
}

export class Replica {
  readonly vectors: ReplicaVectors;
  readonly #optimizer: Optimizer;
  readonly #kernels: VectorKernels;
  #version: number;
  #fingerprint: Fingerprint | undefined;

  /** Copies the vectors to where the kernels are fastest. */
  constructor({ parameters, slots }: ReplicaVectors, { version, optimizer, kernels }: ReplicaOptions) {
    this.vectors = {
      parameters: placed(parameters, kernels),
      slots: slots.map((slot) => placed(slot, kernels)),
    };
    this.#version = version;
    this.#optimizer = optimizer;
    this.#kernels = kernels;
  }

  /** Lengths of the vectors that the kernels should reserve memory for. */
  static reserve(parameters: number, { slots }: Optimizer): readonly number[] {
    return [parameters, ...slots.map(() => parameters)];
  }

  /** Gives the vectors' memory back; the replica must not be used any more. */
  release(): void {
    for (const vector of this.#all) this.#kernels.release(vector);
  }

  /** How many steps were closed before this state. */
  get version(): number {
    return this.#version;
  }

  /** Fingerprint of all vectors; computed once per version. */
  get fingerprint(): Fingerprint {
    this.#fingerprint ??= this.#kernels.fingerprint(this.#all);
    return this.#fingerprint;
  }

  get #all(): Float32Array[] {
    return [this.vectors.parameters, ...this.vectors.slots];
  }

  /**
   * Applies an average, or, without one, only counts the step: a diverged step that was skipped leaves the state as it
   * was.
   */
  advance(average: Float32Array | null, scalars: Numbers | null): void {
    if (average && scalars) {
      this.#optimizer.apply(this.#kernels, this.vectors, { average, scalars });
      this.#fingerprint = undefined;
    }
    this.#version += 1;
  }
}

/** A copy where these kernels are fastest. */
export function placed(vector: Float32Array, kernels: VectorKernels): Float32Array {
  const copy = kernels.allocate(vector.length);
  copy.set(vector);
  return copy;
}
