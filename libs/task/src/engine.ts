import type { FieldArray } from '@gradcast/tensors';
import type { MicroBatch } from './field.ts';

/** Leaves of a subtree, as an engine asks for them: in order, each once. */
export interface SubtreeLeaves {
  /** A power of two, at least 2. */
  readonly count: number;
  /** Samples of each micro-batch. */
  readonly size: number;
  /** Whether a leaf may be asked for while the one before it is computed; more than one ahead is never asked for. */
  readonly ahead: boolean;
  /** A leaf's micro-batch, counted from 0; nobody changes it meanwhile. Undefined if the sum is not wanted any more. */
  next(leaf: number): Promise<MicroBatch | undefined>;
  /** A leaf was computed. */
  computed(leaf: number): void;
}

/**
 * What became of a subtree. `stopped`: a leaf was not wanted any more. `singly`: the device cannot add these leaves with the host's
 * bits, or one of them wants another way of computing; each is to be asked for by `gradient`.
 */
export type SubtreeOutcome = 'summed' | 'stopped' | 'singly';

/**
 * Computes gradients of one task on one device. Calls must not overlap.
 *
 * A gradient is a pure function of (parameters, micro-batch). Nothing here knows workers, time or a network.
 */
export interface GradientEngine {
  /**
   * Makes ready for micro-batches of a size, before the first of them. On a device that it meets for the first time this may take
   * seconds.
   *
   * @returns a text of what it chose among ways to compute whose bits may differ, the same for the same choice; undefined if nothing.
   */
  prepare?(samples: number): Promise<string | undefined>;
  /**
   * Takes the parameters of a version. The engine copies them: the caller may change the array as soon as this
   * returns, and later gradients must not notice.
   *
   * @param again gives the same numbers until the next call of `load`: an engine whose device may be lost then needs no copy of
   *   its own.
   */
  load(parameters: Float32Array, again?: () => Float32Array): void;
  /**
   * Writes the gradient of one micro-batch (mean over its samples) followed by the tail into `into`, which has
   * `parameters.length + tail.length` elements; padding is written as zero.
   */
  gradient(batch: MicroBatch, into: Float32Array): Promise<void>;
  /**
   * Writes the sum of what `gradient` gives for the leaves of a subtree into `into`, added along the tree with the bits of `add` in
   * libs/vector. Only where an engine has a way that is better than one leaf after the other: vectors stay on its device.
   *
   * @returns only after `summed` is there anything of worth in `into`.
   */
  subtree?(leaves: SubtreeLeaves, into: Float32Array): Promise<SubtreeOutcome>;
  /**
   * Runs the task's output with the loaded parameters: each sample by itself, its BatchNorm statistics taken from
   * `reference` in a pass before, which need not be there where no network normalises.
   *
   * @param inputs fields of the task's output.
   * @returns `[size, ...shape]` of the output: bytes for images, whatever their range, and f32 for all else.
   */
  infer(inputs: MicroBatch, reference?: MicroBatch): Promise<FieldArray>;
  /** Frees the device's memory; the engine must not be used afterwards. */
  dispose(): void;
}
