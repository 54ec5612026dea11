/**
 * Watches for what a task calls trouble. Pure but for {@link Troubles}, which holds the states.
 *
 *     well --all signs past their bounds, so often in a row--> troubled --one sign back behind its second bound, as often--> well
 *
 * Numbers come when there are any: of each closed step, of each grid, of each evaluation. Nothing that is computed depends on this.
 */
import type { Condition, Premise, Sign, Trouble } from '@gradcast/task';

export type Numbers = Readonly<Record<string, number>>;

/** Of one condition. */
export interface Watched {
  readonly isOn: boolean;
  /** Observations in a row that speak for a change. */
  readonly inARow: number;
  /** By sign: what is looked at, and the largest that it has been. */
  readonly means: readonly number[];
  readonly peaks: readonly number[];
}

export const WELL: Watched = { isOn: false, inARow: 0, means: [], peaks: [] };

/** The state after an observation; the same object if it says nothing of this condition. */
export function observed(condition: Condition, before: Watched, numbers: Numbers): Watched {
  const { signs, where = [], observations, halfLife } = condition;
  if (!where.every((premise) => isPast(premise, numbers[premise.of], premise.bound))) return before;
  const values = signs.map(({ of }) => numbers[of] as number | undefined);
  if (!values.every((value) => value !== undefined && Number.isFinite(value))) return before;
  const kept = halfLife === undefined ? 0 : 0.5 ** (1 / halfLife);
  const means = (values as number[]).map((value, i) => {
    const mean = before.means.at(i);
    return mean === undefined ? value : value + kept * (mean - value);
  });
  const peaks = means.map((mean, i) => Math.max(mean, before.peaks.at(i) ?? mean));
  const { isOn } = before;
  const speaks = isOn
    ? signs.some((sign, i) => !isPast(sign, means[i], boundOf(sign, sign.clear, peaks[i])))
    : signs.every((sign, i) => isPast(sign, means[i], boundOf(sign, sign.bound, peaks[i])));
  const inARow = speaks ? before.inARow + 1 : 0;
  if (inARow < observations) return { isOn, inARow, means, peaks };
  return { isOn: !isOn, inARow: 0, means, peaks };
}

/** Where a sign's bound lies; undefined while there is none. */
function boundOf({ ofPeakFrom }: Sign, bound: number, peak: number): number | undefined {
  if (ofPeakFrom === undefined) return bound;
  return peak >= ofPeakFrom ? bound * peak : undefined;
}

function isPast({ is }: Premise, value: number | undefined, bound: number | undefined): boolean {
  if (value === undefined || bound === undefined) return false;
  return is === 'above' ? value > bound : value < bound;
}

/** A trouble that has begun or is over. */
export interface TroubleChange {
  readonly trouble: Trouble;
  readonly began: boolean;
}

export class Troubles {
  readonly #watched: { readonly trouble: Trouble; readonly states: Watched[] }[];

  constructor(troubles: readonly Trouble[]) {
    this.#watched = troubles.map((trouble) => ({ trouble, states: trouble.conditions.map(() => WELL) }));
  }

  /** What the numbers change. */
  observe(numbers: Numbers): TroubleChange[] {
    return this.#watched.flatMap(({ trouble, states }) => {
      const before = states.some(({ isOn }) => isOn);
      trouble.conditions.forEach((condition, i) => (states[i] = observed(condition, states[i], numbers)));
      const began = states.some(({ isOn }) => isOn);
      return began === before ? [] : [{ trouble, began }];
    });
  }
}
