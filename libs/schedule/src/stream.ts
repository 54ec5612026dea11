/**
 * The sample stream: seeded epoch permutations of the data set laid end to end.
 *
 * Invariant: leaf k of step t owns positions [tB + km, tB + (k+1)m) with B = mM, and nothing else ever does. In whole
 * epochs every sample therefore occurs exactly once, whoever computes it and however often a lease is lost.
 */
import { permutation, STREAMS } from '@gradcast/random';

/** The shape of a step: m samples a micro-batch, M micro-batches a step. */
export interface StepShape {
  /** m */
  readonly microBatchSize: number;
  /** M */
  readonly microBatches: number;
}

export function globalBatch({ microBatchSize, microBatches }: StepShape): number {
  return microBatchSize * microBatches;
}

/** First position of a leaf; positions count samples from the start of the run. */
export function leafPosition(shape: StepShape, step: number, leaf: number): number {
  return step * globalBatch(shape) + leaf * shape.microBatchSize;
}

/** Steps that whole epochs take: ceil(E n / B). */
export function stepsForEpochs(epochs: number, samples: number, shape: StepShape): number {
  return Math.ceil((epochs * samples) / globalBatch(shape));
}

/** Which sample stands at each position. Keeps the permutations of the two epochs a step may touch. */
export class SampleStream {
  readonly #samples: number;
  readonly #seed: number;
  readonly #permutations = new Map<number, Uint32Array>();

  /** @throws RangeError unless the data set holds at least one sample. */
  constructor(options: { readonly samples: number; readonly seed: number }) {
    if (!(Number.isSafeInteger(options.samples) && options.samples >= 1)) throw new RangeError('an empty data set');
    this.#samples = options.samples;
    this.#seed = options.seed;
  }

  /** Index into the data set of the sample at a position. */
  sampleAt(position: number): number {
    const epoch = Math.floor(position / this.#samples);
    return this.#permutation(epoch)[position - epoch * this.#samples];
  }

  /** Indices of `count` samples from a position on. */
  samplesAt(position: number, count: number): Uint32Array {
    return Uint32Array.from({ length: count }, (_, i) => this.sampleAt(position + i));
  }

  #permutation(epoch: number): Uint32Array {
    let found = this.#permutations.get(epoch);
    if (!found) {
      for (const known of this.#permutations.keys()) if (Math.abs(known - epoch) > 1) this.#permutations.delete(known);
      found = permutation(this.#samples, { seed: this.#seed, stream: STREAMS.permutation, index: epoch });
      this.#permutations.set(epoch, found);
    }
    return found;
  }
}
