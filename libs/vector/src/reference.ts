/**
 * The vector kernels in plain TypeScript: `Math.fround` after each operation makes every one a float32 operation,
 * whose result IEEE 754 fixes to the bit. (A float64 operation on float32 inputs, rounded once more, equals the float32
 * operation for + - * / and sqrt: Figueroa, "When is double rounding innocuous?", 1995.)
 */
import { fillNormal } from '@gradcast/random';
import { requireNoLonger, requireRange, requireSameLength } from './checks.ts';
import { FingerprintState } from './fingerprint.ts';
import type { AdamScalars, Measure, Moments, Range, SgdScalars, VectorKernels } from './kernels.ts';
import { measure } from './measure.ts';
import { addPacked, halvePacked, measurePacked, pack, unpack } from './packing-reference.ts';

const fround = Math.fround;

/** Moments below this magnitude are written as zero: 2^-100, far above the smallest normal float32. */
export const SMALLEST_MOMENT = 7.888609052210118e-31;

function add(target: Float32Array, source: Float32Array): void {
  requireSameLength(target, source);
  for (let i = 0; i < target.length; i++) target[i] += source[i];
}

function scale(target: Float32Array, factor: number): void {
  const rounded = fround(factor);
  for (let i = 0; i < target.length; i++) target[i] *= rounded;
}

function scaleMeasured(target: Float32Array, source: Float32Array, factor: number, { from, to }: Range): Measure {
  requireSameLength(target, source);
  requireRange(target, from, to);
  const range = target.subarray(from, to);
  range.set(source.subarray(from, to));
  scale(range, factor);
  return measure(target, from, to);
}

function adam(parameters: Float32Array, moments: Moments, gradient: Float32Array, scalars: AdamScalars): void {
  const { first, second } = moments;
  requireSameLength(parameters, first, second, gradient);
  const alpha = fround(scalars.alpha);
  const epsilon = fround(scalars.epsilon);
  const rate1 = fround(scalars.oneMinusBeta1);
  const rate2 = fround(scalars.oneMinusBeta2);
  const decay = fround(scalars.decay ?? 0);
  for (let i = 0; i < parameters.length; i++) {
    const slope = gradient[i];
    const m = withoutTiny(fround(first[i] + fround(fround(slope - first[i]) * rate1)));
    const v = withoutTiny(fround(second[i] + fround(fround(fround(slope * slope) - second[i]) * rate2)));
    first[i] = m;
    second[i] = v;
    const step = fround(fround(m * alpha) / fround(fround(Math.sqrt(v)) + epsilon));
    parameters[i] = decayed(parameters[i], decay) - step;
  }
}

function sgd(parameters: Float32Array, gradient: Float32Array, scalars: SgdScalars, velocity?: Float32Array): void {
  requireSameLength(parameters, gradient, velocity ?? gradient);
  const rate = fround(scalars.rate);
  const momentum = fround(scalars.momentum ?? 0);
  const decay = fround(scalars.decay ?? 0);
  for (let i = 0; i < parameters.length; i++) {
    let slope = gradient[i];
    if (velocity) slope = velocity[i] = withoutTiny(fround(fround(velocity[i] * momentum) + slope));
    parameters[i] = decayed(parameters[i], decay) - fround(slope * rate);
  }
}

function withoutTiny(moment: number): number {
  return moment < SMALLEST_MOMENT && moment > -SMALLEST_MOMENT ? 0 : moment;
}

/** What decay leaves of a parameter; without decay all of it, the sign of zero too. */
function decayed(parameter: number, decay: number): number {
  return decay === 0 ? parameter : fround(parameter - fround(parameter * decay));
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
export const referenceKernels: VectorKernels = {
  allocate,
  release,
  add,
  scale,
  measure,
  scaleMeasured,
  adam,
  sgd,
  ema,
  fingerprint,
  normal: fillNormal,
  pack,
  unpack,
  addPacked,
  halvePacked,
  measurePacked,
};
