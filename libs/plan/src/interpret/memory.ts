/** The buffers of a plan as arrays, and what operands are in them. */
import type { Ref } from '../launch.ts';
import type { Plan } from '../plan.ts';

/** `f32` rounds what is stored, as a device does; `f64` does not, so that only the order of sums is left between two ways. */
export type Precision = 'f32' | 'f64';

export type Numbers = Float32Array | Float64Array;

export class Memory {
  readonly #plan: Plan;
  readonly #buffers = new Map<string, Numbers>();
  readonly #fields: readonly (Numbers | Uint8Array | undefined)[];

  /**
   * @param inputs `parameters` and, if the plan is given them, `statistics` as flat vectors; the batch's fields by name.
   */
  constructor(plan: Plan, inputs: PlanInputs, precision: Precision) {
    this.#plan = plan;
    const numbers = (bytes: number): Numbers =>
      // Whatever is not written first must show.
      (precision === 'f32' ? new Float32Array(bytes / 4) : new Float64Array(bytes / 4)).fill(NaN);
    for (const [arena, bytes] of plan.arenas.entries()) this.#buffers.set(`arena ${arena}`, numbers(bytes));
    for (const home of ['parameters', 'statistics', 'result'] as const) {
      const buffer = numbers(plan.sizes[home]);
      if (home === 'result') buffer.fill(0);
      else buffer.set(inputs[home] ?? []);
      this.#buffers.set(home, buffer);
    }
    this.#fields = plan.values.map(({ home, name }) =>
      home === 'batch' ? (inputs.fields[name.replace('field ', '')] as Float32Array | Uint8Array) : undefined,
    );
  }

  /** A view from where the operand begins; it may go on behind the operand's end. */
  of({ value, at }: Ref): Numbers {
    const { home, arena, offset } = this.#plan.values[value];
    if (home === 'batch') return this.#fields[value]!.subarray(at) as Numbers;
    const buffer = this.#buffers.get(home === 'arena' ? `arena ${arena}` : home)!;
    return buffer.subarray(offset / 4 + at);
  }

  get result(): Numbers {
    return this.#buffers.get('result')!;
  }
}

export interface PlanInputs {
  readonly parameters?: ArrayLike<number>;
  readonly statistics?: ArrayLike<number>;
  readonly fields: Readonly<Record<string, ArrayLike<number>>>;
}
