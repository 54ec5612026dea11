/** How numbers are spread, as TensorBoard shows it: counts in buckets of equal width between the least and the most. */

/** As many as TensorFlow's own `tf.summary.histogram` has by default. */
const BUCKETS = 30;

export interface Histogram {
  readonly min: number;
  readonly max: number;
  readonly num: number;
  readonly sum: number;
  readonly sumSquares: number;
  /** Upper ends of the buckets, the last of which is `max`. */
  readonly limits: readonly number[];
  readonly counts: readonly number[];
}

/** Numbers that are not finite are left out. @returns undefined if none are left. */
export function histogramOf(values: Float32Array): Histogram | undefined {
  let [min, max, num, sum, sumSquares] = [Infinity, -Infinity, 0, 0, 0];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    min = Math.min(min, value);
    max = Math.max(max, value);
    num += 1;
    sum += value;
    sumSquares += value * value;
  }
  if (num === 0) return undefined;
  const about = { min, max, num, sum, sumSquares };
  if (min === max) return { ...about, limits: [max], counts: [num] };
  const width = (max - min) / BUCKETS;
  const counts = new Array<number>(BUCKETS).fill(0);
  for (const value of values) {
    if (Number.isFinite(value)) counts[Math.min(BUCKETS - 1, Math.floor((value - min) / width))] += 1;
  }
  const limits = counts.map((_, i) => (i === BUCKETS - 1 ? max : min + (i + 1) * width));
  return { ...about, limits, counts };
}
