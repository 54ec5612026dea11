/**
 * A replica: what every worker and the coordinator hold of the model, and the one step they all take.
 *
 * Invariant: two replicas at the same version have the same bytes, because each applied the same averages with the same
 * deterministic kernel. The fingerprint that travels with each result makes a broken one visible before its gradient
 * is used.
 */
import type { AdamScalars, Fingerprint, VectorKernels } from '@gradcast/vector';

/** The vectors of a replica, all in the layout of the model's parameters. */
export interface ReplicaVectors {
  readonly parameters: Float32Array;
  readonly first: Float32Array;
  readonly second: Float32Array;
}

export class Replica {
  readonly vectors: ReplicaVectors;
  readonly #kernels: VectorKernels;
  #version: number;
  #fingerprint: Fingerprint | undefined;

  /** Takes the vectors over: the caller must not write to them any more. */
  constructor(version: number, vectors: ReplicaVectors, kernels: VectorKernels) {
    this.vectors = vectors;
    this.#version = version;
    this.#kernels = kernels;
  }

  /** How many steps were closed before this state. */
  get version(): number {
    return this.#version;
  }

  /** Fingerprint of parameters and moments; computed once per version. */
  get fingerprint(): Fingerprint {
    const { parameters, first, second } = this.vectors;
    this.#fingerprint ??= this.#kernels.fingerprint([parameters, first, second]);
    return this.#fingerprint;
  }

  /**
   * Applies an average, or, without one, only counts the step: a diverged step that was skipped leaves the state as it
   * was.
   */
  advance(average: Float32Array | null, scalars: AdamScalars | null): void {
    if (average && scalars) {
      this.#kernels.adam(this.vectors.parameters, this.vectors, average, scalars);
      this.#fingerprint = undefined;
    }
    this.#version += 1;
  }
}
