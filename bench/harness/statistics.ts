/** What is said of repeated measurements: medians, paired ratios, goals. */

/** @throws RangeError of no values. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('nothing was measured');
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

/** @throws RangeError of no values. */
export function mean(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('nothing was measured');
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Standard deviation of a sample; undefined of fewer than two values. */
export function spread(values: readonly number[]): number | undefined {
  if (values.length < 2) return undefined;
  const middle = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1));
}

/** Two digits behind the point. */
export function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/**
 * Median of the ratios of paired measurements: each round's own numerator over its own denominator.
 *
 * @throws RangeError if they are not as many, or none.
 */
export function pairedRatio(numerators: readonly number[], denominators: readonly number[]): number {
  if (numerators.length !== denominators.length) throw new RangeError('measurements are not paired');
  return median(numerators.map((value, index) => value / denominators[index]));
}

/** The contestants of a round, in an order that alternates, so that none always runs on the warmer machine. */
export function orderOf<T>(contestants: readonly T[], round: number): readonly T[] {
  return round % 2 === 0 ? contestants : contestants.toReversed();
}

/** A goal and whether it was reached: null if the call did not measure what it is about. */
export interface Target {
  readonly what: string;
  readonly wanted: number;
  readonly measured: number | undefined;
  readonly reached: boolean | null;
}

/** A goal that is reached from `wanted` on. */
export function target(what: string, wanted: number, measured: number | undefined): Target {
  const reached = measured === undefined ? null : measured >= wanted;
  return { what, wanted, measured: measured === undefined ? undefined : round(measured), reached };
}
