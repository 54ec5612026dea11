/**
 * How much of a moving average stays at a step. Invariant: the decay has the same bits on every engine and lies in [0, 1).
 *
 * Counted in images (Karras et al., "Training Generative Adversarial Networks with Limited Data", 2020, whose code ramps the
 * half-life up from 0): it remembers as much at every batch size, and little of the first images, of which nothing is worth it.
 */
import { exp } from '@gradcast/random';
import type { MovingAverage } from '@gradcast/task';
import type { StepImages } from './learning-rate.ts';

const LN2 = 0.6931471805599453;
/** The half-life's share of the images so far. */
const RAMP_UP = 0.05;

/** @param step its images, and how many steps were taken before it. */
export function averageDecay(
  { limit, halfLife }: Pick<MovingAverage, 'limit' | 'halfLife'>,
  { position, samples, steps }: StepImages & { readonly steps: number },
): number {
  if (halfLife === undefined) return Math.min(limit, (1 + steps) / (10 + steps));
  const images = Math.min(halfLife, RAMP_UP * position);
  return images === 0 ? 0 : exp((-LN2 * samples) / images);
}
