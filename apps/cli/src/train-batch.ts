/**
 * A batch for the workers of this command: `gradcast train --global-batch auto`. What a step costs besides gradients is the same however many
 * micro-batches it has, because a worker adds its own. So fast workers want many of them: a run of its own is measured first
 * (`measuring-run.ts`), then M is chosen.
 *
 * Invariant: the clock decides M and nothing else. The run that follows is one of so many micro-batches, whose bits follow from it, and it
 * resumes as such.
 */
import { MICRO_BATCHES_LIMIT } from '@gradcast/definition';
import type { ResolvedTrain, RunPhases } from '@gradcast/config';
import { measuringRun } from './measuring-run.ts';
import type { MeasuringOptions } from './measuring-run.ts';
import type { RunOutcome } from './supervise.ts';

/** Computing is to take so many times what the exchange of a step takes: then workers compute for four fifths of the time. */
const COMPUTE_TO_EXCHANGE = 4;
const MOST_LEAVES_A_WORKER = 32;
/** A larger share of the data set in one step leaves too few steps to learn by. */
const MOST_OF_DATA = 0.1;
/** Of steps. */
const MEASURED_MS = 3_000;
/** For workers to start, and all of the measurement. */
const LIMIT_MS = 120_000;
/** Trying again may help, as where no worker came. */
const EXIT_TRY_AGAIN = 75;

/** The workers took no step while they were measured. */
export class BatchUnmeasuredError extends Error {
  override readonly name = 'BatchUnmeasuredError';
  readonly code = 'batch-unmeasured';
  readonly exitCode = EXIT_TRY_AGAIN;
}

/** What workers are measured to take, in milliseconds. */
export interface FleetTimes {
  /** One worker, one micro-batch. */
  readonly leafMs: number;
  /** A step, besides computing. */
  readonly exchangeMs: number;
}

/** What bounds the number of micro-batches. */
export interface BatchBounds {
  readonly workers: number;
  /** m. */
  readonly microBatchSize: number;
  /** M of the preset, which is not undercut: its recipe was found with it. */
  readonly least: number;
  /** Samples of the data set. */
  readonly samples: number;
}

/** M, and why it is no larger. */
export interface ChosenBatch {
  readonly microBatches: number;
  /** `time`: computing takes long enough; the others: more would be better, but is not taken. */
  readonly bound: 'time' | 'leaves' | 'data';
}

/** The mean times of a measured start; null where nothing was computed. */
export function fleetTimes({ steps, total, workers, rest }: RunPhases): FleetTimes | null {
  const parts = rest === null ? workers : [...workers, rest];
  const leaves = parts.reduce((sum, part) => sum + part.leaves, 0);
  const computeSeconds = parts.reduce((sum, part) => sum + part.compute, 0);
  if (steps === 0 || leaves === 0) return null;
  const { network, adding, reduce, broadcast, optimizer, other } = total;
  const exchangeSeconds = network + adding + reduce + broadcast + optimizer + other;
  return { leafMs: (1000 * computeSeconds) / leaves, exchangeMs: (1000 * exchangeSeconds) / steps };
}

/** The fewest micro-batches, a power of two, that keep the workers computing for long enough, within bounds. */
export function chooseBatch(times: FleetTimes, { workers, microBatchSize, least, samples }: BatchBounds): ChosenBatch {
  const oneEach = 2 ** Math.ceil(Math.log2(workers));
  let microBatches = Math.max(oneEach, least);
  const isEnough = () => (times.leafMs * microBatches) / workers >= COMPUTE_TO_EXCHANGE * times.exchangeMs;
  while (!isEnough()) {
    const more = 2 * microBatches;
    if (more > MOST_LEAVES_A_WORKER * oneEach || more > MICRO_BATCHES_LIMIT) return { microBatches, bound: 'leaves' };
    if (more * microBatchSize > MOST_OF_DATA * samples) return { microBatches, bound: 'data' };
    microBatches = more;
  }
  return { microBatches, bound: 'time' };
}

/**
 * The run with its number of micro-batches; as it is, if it has one. What the measurement took is taken from the time of the run.
 *
 * @returns the outcome of the measuring run instead if that failed or was stopped.
 * @throws BatchUnmeasuredError if no step was taken.
 */
export async function batched(run: ResolvedTrain, options: MeasuringOptions): Promise<ResolvedTrain | RunOutcome> {
  if (!run.autoBatch) return run;
  const { workers, coordinator } = run;
  const { reporter } = options.around;
  const who = workers === 1 ? '1 worker' : `${workers} workers`;
  reporter.notice(`measuring ${who} to choose a global batch`);
  const measured = await measuringRun(measuredWith(run), { ...options, wantedMs: MEASURED_MS, limitMs: LIMIT_MS });
  if ('exitCode' in measured) return measured;
  const times = measured.phases && fleetTimes(measured.phases);
  if (!times) {
    const seconds = LIMIT_MS / 1000;
    throw new BatchUnmeasuredError(
      `--global-batch auto found nothing to go by: ${who} took no step together in ${seconds} s; give a number`,
    );
  }
  const { microBatchSize, microBatches: least } = coordinator;
  const chosen = chooseBatch(times, { workers, microBatchSize, least, samples: measured.samples });
  const { microBatches } = chosen;
  reporter.notice(sentenceOf(times, chosen, run));
  reporter.json('batch', { globalBatch: microBatches * microBatchSize, microBatches, workers, ...times });
  const forSeconds = run.forSeconds === null ? null : Math.max(1, run.forSeconds - measured.spentMs / 1000);
  return { ...run, autoBatch: false, forSeconds, coordinator: { ...coordinator, microBatches } };
}

/** All workers together, with a micro-batch for each. */
function measuredWith(run: ResolvedTrain): ResolvedTrain {
  const microBatches = 2 ** Math.ceil(Math.log2(run.workers));
  return { ...run, coordinator: { ...run.coordinator, microBatches, minWorkers: run.workers, logInterval: 1 } };
}

/** What was measured, what was chosen, and what that means. */
function sentenceOf(times: FleetTimes, chosen: ChosenBatch, { workers, coordinator }: ResolvedTrain): string {
  const { microBatchSize, microBatches: usual, learningRate } = coordinator;
  const { microBatches } = chosen;
  const batch = microBatches * microBatchSize;
  const measured =
    `a worker takes ${shown(times.leafMs)} ms for ${microBatchSize} images, and a step ${shown(times.exchangeMs)} ms for all ` +
    'besides computing';
  if (microBatches === usual) {
    return `${measured}: --global-batch ${batch}, the preset's own${limited(chosen)}`;
  }
  const factor = microBatches / usual;
  return (
    `${measured}: --global-batch ${batch}, ${shown(microBatches / workers)} micro-batches a worker${limited(chosen)}; that is ` +
    `${factor} times the preset's batch, so as many images take 1/${factor} of the steps, the learning rate stays ${learningRate}, and what ` +
    "the run comes to is not what the preset's batch comes to"
  );
}

function limited({ bound }: ChosenBatch): string {
  switch (bound) {
    case 'time':
      return '';
    case 'leaves':
      return ` (more would be faster, but ${MOST_LEAVES_A_WORKER} a worker are the most)`;
    case 'data':
      return ` (more would be faster, but a step takes at most ${MOST_OF_DATA * 100} % of the data set)`;
    default:
      return bound satisfies never;
  }
}

/** Three digits of a number. */
function shown(value: number): string {
  return String(Number(value.toPrecision(3)));
}
