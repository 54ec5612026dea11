/**
 * What a tail says, and what it can say at all. Running statistics follow it without a clip, so a value that no batch can have
 * must not reach them: a negative variance turns the model into NaN, and a huge one into noise.
 */
import { tensorView } from '@gradcast/tensors';
import type { Task } from './task.ts';

/** Largest magnitude of a statistic or loss, 2^62: far above all that trains, and differences of two stay finite. */
export const LARGEST_STATISTIC = 2 ** 62;

type Tailed = Pick<Task, 'tail' | 'scalars'>;

/**
 * Names the first value of a tail that no micro-batch can bring; undefined if there is none.
 *
 * The sum of values in [0, 1] over n leaves lies in [0, n] exactly, as rounding is monotone and n is a float32 number; so
 * every bound holds for subtrees and means without a tolerance.
 *
 * @param tail a tail's sum over `leaves` leaves, or their mean with 1.
 */
export function tailFault(task: Tailed, tail: Float32Array, leaves = 1): string | undefined {
  for (const { name, offset, size } of task.tail.entries) {
    const { low, high } = task.scalars.find((scalar) => scalar.name === name) ?? statisticBounds(name);
    const [from, to] = [low * leaves, high * leaves];
    for (let i = offset; i < offset + size; i++) {
      // Not the same as being outside: NaN is neither.
      if (!(tail[i] >= from && tail[i] <= to)) return `${name} is ${tail[i]}`;
    }
  }
  return undefined;
}

/** The scalars of a mean tail that are shown, in their order. */
export function shownScalars({ tail: layout, scalars }: Tailed, tail: Float32Array): ShownScalar[] {
  return scalars.flatMap(({ name, shown, lossOf }) => {
    if (shown === 'none') return [];
    return [{ name, value: tensorView(layout, tail, name)[0], isProgress: shown === 'progress', lossOf }];
  });
}

export interface ShownScalar {
  readonly name: string;
  readonly value: number;
  /** Whether the progress line has it. */
  readonly isProgress: boolean;
  readonly lossOf: string | undefined;
}

function statisticBounds(name: string): { low: number; high: number } {
  return { low: name.endsWith('/variance') ? 0 : -LARGEST_STATISTIC, high: LARGEST_STATISTIC };
}
