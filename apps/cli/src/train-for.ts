/**
 * A run's length from a length of time: `gradcast train --for 10m`. A run of its own is measured first (`measuring-run.ts`); what is
 * left of the time decides the number of steps.
 *
 * Invariant: the clock decides that number and nothing else. The run that follows is one of so many steps, whose bits and whose
 * schedule follow from it, and it resumes as such.
 */
import type { ResolvedTrain } from '@gradcast/config';
import { EXIT_USAGE } from './exit-codes.ts';
import { measuringRun } from './measuring-run.ts';
import type { Measured, MeasuringOptions } from './measuring-run.ts';
import type { RunOutcome } from './supervise.ts';

/** Share of the time that is measured, within bounds: long enough for steady steps, short enough not to be missed. */
const MEASURED_SHARE = 0.03;
const [LEAST_MEASURED_MS, MOST_MEASURED_MS] = [3_000, 20_000];

/** The time is over before a step is. */
export class TimeTooShortError extends Error {
  override readonly name = 'TimeTooShortError';
  readonly code = 'time-too-short';
  readonly exitCode = EXIT_USAGE;
}

/** The steps that fit into a time, of which the measurement is part. @throws TimeTooShortError if none does. */
export function stepsWithin(
  seconds: number,
  { startMs, stepMs, endMs, spentMs }: Pick<Measured, 'startMs' | 'stepMs' | 'endMs' | 'spentMs'>,
): number {
  const overheadMs = spentMs + startMs + endMs;
  // The start has a first step in it.
  const steps = 1 + Math.floor((seconds * 1000 - overheadMs) / stepMs);
  if (steps >= 1) return steps;
  const least = Math.ceil((overheadMs + stepMs) / 1000);
  throw new TimeTooShortError(
    `--for ${showTime(seconds)} is too short: measuring, a start and an end take ${least} s here; give more, or --steps`,
  );
}

/** `90 s`, `10 min`, `2 h`. */
export function showTime(seconds: number): string {
  if (seconds >= 7200 && seconds % 3600 === 0) return `${seconds / 3600} h`;
  if (seconds >= 120 && seconds % 60 === 0) return `${seconds / 60} min`;
  return `${Number(seconds.toFixed(1))} s`;
}

/**
 * The run with its number of steps; as it is, if it has one.
 *
 * @returns the outcome of the measuring run instead if that failed or was stopped.
 * @throws TimeTooShortError if no step fits.
 */
export async function planned(run: ResolvedTrain, options: MeasuringOptions): Promise<ResolvedTrain | RunOutcome> {
  const { forSeconds: seconds } = run;
  if (seconds === null) return run;
  const { reporter } = options.around;
  reporter.notice(`measuring how many steps fit into ${showTime(seconds)}`);
  const wantedMs = Math.min(MOST_MEASURED_MS, Math.max(LEAST_MEASURED_MS, seconds * 1000 * MEASURED_SHARE));
  // No step in all of the time: the refusal says what a start takes.
  const measured = await measuringRun(run, { ...options, wantedMs, limitMs: seconds * 1000 });
  if ('exitCode' in measured) return measured;
  const steps = stepsWithin(seconds, measured);
  const { microBatchSize, microBatches } = run.coordinator;
  const imagesPerSecond = (microBatchSize * microBatches * 1000) / measured.stepMs;
  reporter.notice(`about ${steps} steps in ${showTime(seconds)}, at ${imagesPerSecond.toFixed(0)} images/s`);
  reporter.json('planned', { seconds, steps, imagesPerSecond });
  return { ...run, coordinator: { ...run.coordinator, length: { steps } } };
}
