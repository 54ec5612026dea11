/**
 * A run's length from a length of time: `gradcast train --for 10m`. A run of its own is measured first, in a folder that goes, with
 * the workers of this command; what is left of the time decides the number of steps.
 *
 * Invariant: the clock decides that number and nothing else. The run that follows is one of so many steps, whose bits and whose
 * schedule follow from it, and it resumes as such.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ChildMessage, CoordinatorConfig, ResolvedTrain } from '@gradcast/config';
import { EXIT_FAILED, EXIT_USAGE, type StopSignal } from './exit-codes.ts';
import { Reporter } from './reporter.ts';
import type { RunOutcome, Surroundings } from './supervise.ts';

/** Share of the time that is measured, within bounds: long enough for steady steps, short enough not to be missed. */
const MEASURED_SHARE = 0.03;
const [LEAST_MEASURED_MS, MOST_MEASURED_MS] = [3_000, 20_000];
/** Steps that say something, after the first, which waited for workers and for what they compile. */
const LEAST_MEASURED_STEPS = 5;
/** More than any measurement takes; it is stopped. */
const ENDLESS = 1_000_000;

/** The time is over before a step is. */
export class TimeTooShortError extends Error {
  override readonly name = 'TimeTooShortError';
  readonly code = 'time-too-short';
  readonly exitCode = EXIT_USAGE;
}

/** What a measuring run took, in milliseconds. */
export interface Measured {
  /** From its beginning to the end of its first step. */
  readonly startMs: number;
  readonly stepMs: number;
  /** From the request to stop to its end. */
  readonly endMs: number;
  /** All of it. */
  readonly spentMs: number;
}

/** The steps that fit into a time, of which the measurement is part. @throws TimeTooShortError if none does. */
export function stepsWithin(seconds: number, { startMs, stepMs, endMs, spentMs }: Measured): number {
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

export interface PlanOptions {
  readonly around: Surroundings;
  /** Runs it, as it would any other. */
  readonly train: (run: ResolvedTrain, around: Surroundings) => Promise<RunOutcome>;
}

/**
 * The run with its number of steps; as it is, if it has one.
 *
 * @returns the outcome of the measuring run instead if that failed or was stopped.
 * @throws TimeTooShortError if no step fits.
 */
export async function planned(run: ResolvedTrain, options: PlanOptions): Promise<ResolvedTrain | RunOutcome> {
  const { forSeconds: seconds } = run;
  if (seconds === null) return run;
  const { reporter } = options.around;
  reporter.notice(`measuring how many steps fit into ${showTime(seconds)}`);
  const measured = await measure(run, seconds, options);
  if ('exitCode' in measured) return measured;
  const steps = stepsWithin(seconds, measured);
  const { microBatchSize, microBatches } = run.coordinator;
  const imagesPerSecond = (microBatchSize * microBatches * 1000) / measured.stepMs;
  reporter.notice(`about ${steps} steps in ${showTime(seconds)}, at ${imagesPerSecond.toFixed(0)} images/s`);
  reporter.json('planned', { seconds, steps, imagesPerSecond });
  return { ...run, coordinator: { ...run.coordinator, length: { steps } } };
}

async function measure(
  run: ResolvedTrain,
  seconds: number,
  { around, train }: PlanOptions,
): Promise<Measured | RunOutcome> {
  const folder = await mkdtemp(join(tmpdir(), 'gradcast-measuring-'));
  try {
    const measurement = new Measurement(seconds, around);
    // No step in all of the time: the refusal says what a start takes.
    const cancel = around.delay(seconds * 1000, () => measurement.stop());
    const coordinator = measuredConfig(run, folder);
    const outcome = await train({ ...run, forSeconds: null, opens: false, coordinator }, measurement.surroundings);
    cancel();
    return measurement.result(outcome);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The same work, where nobody else sees it or takes part. */
function measuredConfig({ coordinator, workers }: ResolvedTrain, out: string): CoordinatorConfig {
  return {
    ...coordinator,
    out,
    resume: null,
    length: { steps: ENDLESS },
    lrSchedule: 'constant',
    decayFromImages: null,
    decayToImages: null,
    earlyStop: 'none',
    sampleEvery: null,
    host: '127.0.0.1',
    port: 0,
    tls: null,
    join: null,
    page: false,
    metricsHost: '127.0.0.1',
    metricsPort: 0,
    healthPort: null,
    minWorkers: Math.min(coordinator.minWorkers, workers),
  };
}

/** Watches a run's progress, and stops it when enough of it was seen. */
class Measurement {
  readonly #around: Surroundings;
  readonly #wantedMs: number;
  readonly #beganAt: number;
  #first: { readonly step: number; readonly at: number } | null = null;
  #last: { readonly step: number; readonly at: number } | null = null;
  #stoppedAt: number | null = null;
  #signalled = false;
  #signal: (signal: StopSignal) => void = () => undefined;

  constructor(seconds: number, around: Surroundings) {
    this.#around = around;
    this.#wantedMs = Math.min(MOST_MEASURED_MS, Math.max(LEAST_MEASURED_MS, seconds * 1000 * MEASURED_SHARE));
    this.#beganAt = around.now();
  }

  get surroundings(): Surroundings {
    const { start, startMeasured = start, onSignal, reporter, now } = this.#around;
    return {
      ...this.#around,
      report: undefined,
      reporter: new ErrorsOnly(reporter, now),
      start: (options) =>
        startMeasured({
          ...options,
          onMessage: (message) => {
            this.#hear(message);
            options.onMessage(message);
          },
        }),
      onSignal: (listener) => {
        this.#signal = listener;
        return onSignal((signal) => {
          this.#signalled = true;
          listener(signal);
        });
      },
    };
  }

  stop(): void {
    if (this.#stoppedAt !== null) return;
    this.#stoppedAt = this.#around.now();
    this.#signal('SIGTERM');
  }

  result(outcome: RunOutcome): Measured | RunOutcome {
    const endedAt = this.#around.now();
    const spentMs = endedAt - this.#beganAt;
    if (this.#signalled || this.#stoppedAt === null) {
      // A run that ended by itself was not measured, and said why.
      return { ...outcome, exitCode: outcome.exitCode === 0 ? EXIT_FAILED : outcome.exitCode };
    }
    const [first, last] = [this.#first, this.#last];
    const startMs = (first?.at ?? endedAt) - this.#beganAt;
    const stepMs = first && last && last.step > first.step ? (last.at - first.at) / (last.step - first.step) : spentMs;
    return { startMs, stepMs, endMs: endedAt - this.#stoppedAt, spentMs };
  }

  #hear(message: ChildMessage): void {
    if (message.type !== 'progress' || this.#stoppedAt !== null) return;
    const { step } = message;
    const at = this.#around.now();
    this.#first ??= { step, at };
    this.#last = { step, at };
    const { step: from, at: since } = this.#first;
    if (step - from >= LEAST_MEASURED_STEPS && at - since >= this.#wantedMs) this.stop();
  }
}

/** Of a run that nobody asked for, only what went wrong is worth a word. */
class ErrorsOnly extends Reporter {
  readonly #loud: Reporter;

  constructor(loud: Reporter, now: () => number) {
    const silent = { write: () => undefined };
    super({ stdout: silent, stderr: silent, now, json: false, progress: false, logInterval: 1 });
    this.#loud = loud;
  }

  override error(code: string, sentence: string): void {
    this.#loud.error(code, sentence);
  }
}
