/**
 * Who adds the gradients of a step along its tree. Where that is decides nothing of the bits: every node is the same function of its
 * two children, whoever adds them (`@gradcast/reduction`).
 */
import { gradientTree } from '@gradcast/reduction';
import type { GradientCodec } from '@gradcast/reduction';
import type { Subtree } from '@gradcast/schedule';
import { freeMemory } from '@gradcast/tensors';

export interface Reducer {
  /** Begins the sum of a step over leaves 0 to `leaves` - 1. Steps follow each other: one is added at a time. */
  open(step: number, leaves: number): Reduction;
  close(): Promise<void>;
}

/** The sum of one step. */
export interface Reduction {
  /** Takes a value of leaves that are not all covered yet; its memory is the sum's from then on. */
  add(subtree: Subtree, node: Uint8Array): void;
  /** The root's value; asked for once, when every leaf is covered. Undefined if it was lost, which ends the run. */
  total(): Promise<Reduced | undefined>;
}

export interface Reduced {
  /** In the run's codec. */
  readonly sum: Uint8Array;
  /** Milliseconds of adding that `add` did not take of its caller. */
  readonly elsewhereMs: number;
}

/** Adds in this thread, when a value comes. */
export class DirectReducer implements Reducer {
  readonly #codec: GradientCodec;

  constructor(codec: GradientCodec) {
    this.#codec = codec;
  }

  open(step: number, leaves: number): Reduction {
    const tree = gradientTree({ start: 0, size: leaves }, { codec: this.#codec, step, released: freeMemory });
    return {
      add: (subtree, node) => void tree.add(subtree, node),
      total: () => Promise.resolve({ sum: tree.total!, elsewhereMs: 0 }),
    };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
