/**
 * What becomes of a run's learning rate: warm-up (Goyal et al., 2017) times a decay that is linear or half a cosine
 * (Loshchilov and Hutter, "SGDR", 2017), both by images of the stream.
 *
 * Invariants: the factor has the same bits on every engine, lies in [0, 1], and is exactly 1 where nothing is scheduled.
 */
import { cosineOfTurn } from '@gradcast/random';
import type { LearningRateSchedule } from '@gradcast/task';

/** Images of one step. */
export interface StepImages {
  /** Images of the stream before it. */
  readonly position: number;
  /** B */
  readonly samples: number;
}

/**
 * Share of the learning rate with which a step is taken: the schedule's value at the middle of its images. So neither the
 * first step of a warm-up nor the last one of a decay to 0 is taken with 0.
 */
export function rateFactor(schedule: LearningRateSchedule | undefined, { position, samples }: StepImages): number {
  if (!schedule) return 1;
  // Twice the images, so that the middle is a whole number.
  const at = 2 * position + samples;
  const top = 2 * schedule.warmUp;
  return (at < top ? at / top : 1) * decayFactor(schedule, at);
}

function decayFactor({ kind, decayFrom, decayTo, endFactor }: LearningRateSchedule, at: number): number {
  if (kind === 'constant' || at <= 2 * decayFrom) return 1;
  if (at >= 2 * decayTo) return endFactor;
  const [done, span] = [at - 2 * decayFrom, 2 * (decayTo - decayFrom)];
  return endFactor + (1 - endFactor) * left(kind, done, span);
}

/** What is left of what decays, 1 to 0. */
function left(kind: 'linear' | 'cosine', done: number, span: number): number {
  switch (kind) {
    case 'linear':
      return (span - done) / span;
    case 'cosine':
      return (1 + cosineOfTurn(done, 2 * span)) / 2;
    default:
      return kind satisfies never;
  }
}
