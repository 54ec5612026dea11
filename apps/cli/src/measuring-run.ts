/**
 * A run that is only measured, before the one that was asked for: in a folder that goes, with the workers of the command alone, unseen.
 * Length (`train-for.ts`) and batch (`train-batch.ts`) of a run are chosen by it.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ChildMessage, CoordinatorConfig, ResolvedTrain, RunPhases } from '@gradcast/config';
import { EXIT_FAILED, type StopSignal } from './exit-codes.ts';
import { Reporter } from './reporter.ts';
import type { RunOutcome, Surroundings } from './supervise.ts';

/** Steps that say something, after the first, which waited for workers and for what they compile. */
const LEAST_MEASURED_STEPS = 5;
/** More than any measurement takes; it is stopped. */
const ENDLESS = 1_000_000;

/** What a measuring run took, in milliseconds. */
export interface Measured {
  /** From its beginning to the end of its first step. */
  readonly startMs: number;
  readonly stepMs: number;
  /** From the request to stop to its end. */
  readonly endMs: number;
  /** All of it. */
  readonly spentMs: number;
  /** Steps after the first. */
  readonly steps: number;
  /** Where the time of its steps went; null if none closed. */
  readonly phases: RunPhases | null;
  /** Samples of the data set, or a few less. */
  readonly samples: number;
}

export interface MeasuringOptions {
  readonly around: Surroundings;
  /** Runs it, as it would any other. */
  readonly train: (run: ResolvedTrain, around: Surroundings) => Promise<RunOutcome>;
}

/** How long is measured, in milliseconds. */
interface Bounds {
  /** Of steps, after the first. */
  readonly wantedMs: number;
  /** In all, whatever was seen. */
  readonly limitMs: number;
}

/** @returns what it took, or the outcome of the run if that failed or was stopped. */
export async function measuringRun(
  run: ResolvedTrain,
  { around, train, wantedMs, limitMs }: MeasuringOptions & Bounds,
): Promise<Measured | RunOutcome> {
  const folder = await mkdtemp(join(tmpdir(), 'gradcast-measuring-'));
  try {
    const measurement = new Measurement(wantedMs, around);
    const cancel = around.delay(limitMs, () => measurement.stop());
    const coordinator = measuredConfig(run, folder);
    const measured = { ...run, forSeconds: null, autoBatch: false, opens: false, coordinator };
    const outcome = await train(measured, measurement.surroundings);
    cancel();
    return measurement.result(outcome, coordinator.microBatchSize * coordinator.microBatches);
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
  /** Of so many steps as are never taken. */
  #epochs = 0;
  #stoppedAt: number | null = null;
  #signalled = false;
  #signal: (signal: StopSignal) => void = () => undefined;

  constructor(wantedMs: number, around: Surroundings) {
    this.#around = around;
    this.#wantedMs = wantedMs;
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

  /** @param batch images of a step. */
  result(outcome: RunOutcome, batch: number): Measured | RunOutcome {
    const endedAt = this.#around.now();
    const spentMs = endedAt - this.#beganAt;
    if (this.#signalled || this.#stoppedAt === null) {
      // A run that ended by itself was not measured, and said why.
      return { ...outcome, exitCode: outcome.exitCode === 0 ? EXIT_FAILED : outcome.exitCode };
    }
    const [first, last] = [this.#first, this.#last];
    const startMs = (first?.at ?? endedAt) - this.#beganAt;
    const steps = first && last ? last.step - first.step : 0;
    const stepMs = first && last && steps > 0 ? (last.at - first.at) / steps : spentMs;
    // Epochs are rounded up.
    const samples = Math.floor((ENDLESS * batch) / (this.#epochs || Infinity));
    const phases = outcome.summary?.phases ?? null;
    return { startMs, stepMs, endMs: endedAt - this.#stoppedAt, spentMs, steps, phases, samples };
  }

  #hear(message: ChildMessage): void {
    if (message.type !== 'progress' || this.#stoppedAt !== null) return;
    const { step, epochs } = message;
    this.#epochs = epochs;
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
