/**
 * The vector kernels in plain TypeScript: `Math.fround` after each operation makes every one a float32 operation,
 * whose result IEEE 754 fixes to the bit. (A float64 operation on float32 inputs, rounded once more, equals the float32
 * operation for + - * / and sqrt: Figueroa, "When is double rounding innocuous?", 1995.)
 */
import { requireNoLonger, requireRange, requireSameLength } from './checks.ts';
import { FingerprintState } from './fingerprint.ts';
import type { AdamScalars, Measure, Moments, VectorKernels } from './kernels.ts';

const fround = Math.fround;

/** Moments below this magnitude are written as zero: 2^-100, far above the smallest normal float32. */
export const SMALLEST_MOMENT = 7.888609052210118e-31;

const MEASURE_LANES = 8;

function add(target: Float32Array, source: Float32Array): void {
  requireSameLength(target, source);
  for (let i = 0; i < target.length; i++) target[i] += source[i];
}

function scale(target: Float32Array, factor: number): void {
  const rounded = fround(factor);
  for (let i = 0; i < target.length; i++) target[i] *= rounded;
}

function measure(vector: Float32Array, from: number, to: number): Measure {
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

function adam(parameters: Float32Array, moments: Moments, gradient: Float32Array, scalars: AdamScalars): void {
  const { first, second } = moments;
  requireSameLength(parameters, first, second, gradient);
  const alpha = fround(scalars.alpha);
  const epsilon = fround(scalars.epsilon);
  const rate1 = fround(scalars.oneMinusBeta1);
  const rate2 = fround(scalars.oneMinusBeta2);
  for (let i = 0; i < parameters.length; i++) {
    const slope = gradient[i];
    let m = fround(first[i] + fround(fround(slope - first[i]) * rate1));
    let v = fround(second[i] + fround(fround(fround(slope * slope) - second[i]) * rate2));
    if (m < SMALLEST_MOMENT && m > -SMALLEST_MOMENT) m = 0;
    if (v < SMALLEST_MOMENT && v > -SMALLEST_MOMENT) v = 0;
    first[i] = m;
    second[i] = v;
    const step = fround(fround(m * alpha) / fround(fround(Math.sqrt(v)) + epsilon));
    parameters[i] -= step;
  }
}

function ema(average: Float32Array, parameters: Float32Array, decay: number): void {
  requireNoLonger(average, parameters);
  const rate = fround(1 - decay);
  for (let i = 0; i < average.length; i++) {
    average[i] += fround(fround(parameters[i] - average[i]) * rate);
  }
}

function fingerprint(vectors: readonly Float32Array[]): string {
  const state = new FingerprintState();
  for (const vector of vectors) state.update(vector);
  return state.digest();
}

const allocate = (length: number): Float32Array => new Float32Array(length);

/** Ordinary vectors are the garbage collector's. */
function release(): void {}

/** The implementation that defines the bits. */
export const referenceKernels: VectorKernels = { allocate, release, add, scale, measure, adam, ema, fingerprint };
