/** What the calls of all engines have in common, whatever computes them. */
import { sizeOf } from '@gradcast/tensors';
import type { BatchField, MicroBatch } from './field.ts';

/** @throws RangeError if an array has another length than `fields` and the size say. */
export function requireFields(fields: readonly BatchField[], { size, fields: values }: MicroBatch): void {
  for (const { name, shape } of fields) requireLength(name, values[name].length, size * sizeOf(shape));
}

/** @throws RangeError */
export function requireLength(what: string, actual: number, expected: number): void {
  if (actual !== expected) throw new RangeError(`${what} must have ${expected} elements, not ${actual}`);
}

/** A micro-batch with arrays of its own: the caller may change its arrays as soon as a call has begun. */
export function copiedBatch({ size, fields }: MicroBatch): MicroBatch {
  const copies = Object.entries(fields).map(([name, values]) => [name, values.slice()] as const);
  return { size, fields: Object.fromEntries(copies) };
}

/** Lets one call run at a time. */
export class OneCall {
  #isBusy = false;

  /** @throws Error while another is running. */
  async run<T>(body: () => Promise<T>): Promise<T> {
    if (this.#isBusy) throw new Error('the engine is still busy with another call');
    this.#isBusy = true;
    try {
      return await body();
    } finally {
      this.#isBusy = false;
    }
  }
}
