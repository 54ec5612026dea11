/**
 * Samples of whole steps, read before they are asked for, so that no step waits for a disk and the step loop never blocks on
 * one: those of the open step, of the one that is leased ahead, and of the one after that.
 */
import type { FieldArray } from '@gradcast/tensors';

/** Steps that are in memory at a time. */
export const STEPS_AHEAD = 3;

interface Ahead {
  values: FieldArray | undefined;
  readonly done: Promise<void>;
}

export class ReadAhead {
  readonly #read: (step: number) => Promise<FieldArray>;
  readonly #steps = new Map<number, Ahead>();

  /** @param read the samples of a step. */
  constructor(read: (step: number) => Promise<FieldArray>) {
    this.#read = read;
  }

  /** Resolves once a step and the next are there, and forgets those before. @throws what reading throws. */
  async reach(step: number): Promise<void> {
    for (const known of this.#steps.keys()) {
      if (known < step || known >= step + STEPS_AHEAD) this.#steps.delete(known);
    }
    for (let next = step; next < step + STEPS_AHEAD; next++) {
      if (!this.#steps.has(next)) this.#steps.set(next, this.#begin(next));
    }
    await Promise.all([this.#steps.get(step)!.done, this.#steps.get(step + 1)!.done]);
  }

  /** The samples of a step, if they are there. */
  at(step: number): FieldArray | undefined {
    return this.#steps.get(step)?.values;
  }

  #begin(step: number): Ahead {
    const ahead: Ahead = {
      values: undefined,
      done: this.#read(step).then((values) => void (ahead.values = values)),
    };
    // Told to whoever waits for it.
    ahead.done.catch(() => undefined);
    return ahead;
  }
}
