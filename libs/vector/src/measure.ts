/** Sum of squares in eight float64 lanes, element i in lane i mod 8: the order in which every implementation adds. */
import { requireRange } from './checks.ts';
import type { Measure } from './kernels.ts';

export const MEASURE_LANES = 8;

export function measure(vector: Float32Array, from: number, to: number): Measure {
  requireRange(vector, from, to);
  const lanes = new Float64Array(MEASURE_LANES);
  const whole = from + ((to - from) & ~(MEASURE_LANES - 1));
  let [a, b, c, d, e, f, g, h] = lanes;
  for (let i = from; i < whole; i += MEASURE_LANES) {
    a += vector[i] * vector[i];
    b += vector[i + 1] * vector[i + 1];
    c += vector[i + 2] * vector[i + 2];
    d += vector[i + 3] * vector[i + 3];
    e += vector[i + 4] * vector[i + 4];
    f += vector[i + 5] * vector[i + 5];
    g += vector[i + 6] * vector[i + 6];
    h += vector[i + 7] * vector[i + 7];
  }
  lanes.set([a, b, c, d, e, f, g, h]);
  for (let i = whole; i < to; i++) lanes[i - whole] += vector[i] * vector[i];
  return sumOfLanes(lanes);
}

/** Ends a measurement: adds the eight lanes pairwise. */
export function sumOfLanes(lanes: Float64Array): Measure {
  const [s0, s1, s2, s3, s4, s5, s6, s7] = lanes;
  const sumOfSquares = s0 + s1 + (s2 + s3) + (s4 + s5 + (s6 + s7));
  // A float32 squared cannot overflow a float64, so only an element that is not finite makes the sum so.
  return { sumOfSquares, finite: Number.isFinite(sumOfSquares) };
}
