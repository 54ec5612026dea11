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

  /** Copies the vectors to where the kernels are fastest. */
  constructor(version: number, { parameters, first, second }: ReplicaVectors, kernels: VectorKernels) {
    this.vectors = {
      parameters: placed(parameters, kernels),
      first: placed(first, kernels),
      second: placed(second, kernels),
    };
    this.#version = version;
    this.#kernels = kernels;
  }

  /** Lengths of the vectors that the kernels should reserve memory for. */
  static reserve(parameters: number): readonly number[] {
    return [parameters, parameters, parameters];
  }

  /** Gives the vectors' memory back; the replica must not be used any more. */
  release(): void {
    for (const vector of Object.values(this.vectors) as Float32Array[]) this.#kernels.release(vector);
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

/** A copy where these kernels are fastest. */
export function placed(vector: Float32Array, kernels: VectorKernels): Float32Array {
  const copy = kernels.allocate(vector.length);
  copy.set(vector);
  return copy;
}
