/** Lines and planes through measurements: what the hub needs, and what whole steps consist of. */
import { leastSquares, nonNegative } from '../harness/fit.ts';
import { round } from '../harness/statistics.ts';
import type { MeasuredRun } from '../runs.ts';
import type { HubResult } from './reports.ts';

/** The fewest numbers of workers that a line is laid through. */
const FEWEST = 3;

/** What the hub needs with a codec. */
export interface HubCost {
  readonly codec: string;
  /** `measured`, or what was assumed. */
  readonly basis: string;
  /** Milliseconds of processor time a step. */
  readonly fixedMs: number;
  /** The same for each worker and step. */
  readonly msPerWorker: number;
  /** Both ways, a worker and step. */
  readonly bytesPerWorker: number;
}

/**
 * What the hub needs in each codec: milliseconds of processor time per step and per worker, and bytes per worker and step.
 * A line over the number of workers; relative errors are made small, so that few workers count as much as many.
 *
 * @returns undefined if the codec was measured with fewer than three numbers of workers.
 */
export function hubCost(results: readonly HubResult[], codec: string) {
  const points = results.filter((result) => result.codec === codec);
  if (points.length < FEWEST) return undefined;
  const cpu = points.map(({ coordinator }) => coordinator.mainCpuMsPerStep ?? coordinator.cpuMsPerStep);
  const fit = leastSquares(
    points.map(({ workers }) => [1, workers]),
    cpu,
    cpu.map((ms) => 1 / ms),
  );
  const [fixedMs, msPerWorker] = fit.coefficients;
  return {
    codec,
    basis: 'measured',
    fixedMs: round(fixedMs),
    msPerWorker: round(msPerWorker),
    // The most: where workers were leased neighbouring leaves, fewer results came.
    bytesPerWorker: Math.round(
      Math.max(...points.map(({ workers, coordinator }) => coordinator.bytesPerStep / workers)),
    ),
    r2: threeDigits(fit.r2),
    points: points.map(({ workers, coordinator }, i) => ({
      workers,
      cpuMs: cpu[i],
      fittedMs: round(fit.predicted[i]),
      residualMs: round(fit.residuals[i]),
      wallMs: coordinator.msPerStep,
    })),
  };
}

export type FittedHub = NonNullable<ReturnType<typeof hubCost>>;

/**
 * Whole steps of real runs: milliseconds per micro-batch of the busiest worker, bytes over bandwidth, and the rest. Three
 * unknowns, so the six settings of `bench:runs` leave three degrees of freedom. None of them can be negative. Workers are
 * those that brought results.
 */
export function stepFit(runs: readonly MeasuredRun[], { bytesPerWorker }: HubCost) {
  const rows = runs.map(({ workersUsed: workers, microBatches }) => [
    Math.ceil(microBatches / workers),
    (workers * bytesPerWorker) / 1e6,
    1,
  ]);
  const times = runs.map(({ msPerStep }) => msPerStep);
  const { coefficients, r2, predicted, residuals } = nonNegative(
    rows,
    times,
    times.map((time) => 1 / time),
  );
  const [computeMs, msPerMegabyte, fixedMs] = coefficients;
  return {
    computeMsPerMicroBatch: round(computeMs),
    // Null where the noise hides what the bytes cost.
    gigabytesPerSecond: msPerMegabyte > 0 ? round(1 / msPerMegabyte) : null,
    fixedMs: round(fixedMs),
    r2: threeDigits(r2),
    points: runs.map(({ workersUsed: workers, microBatches, msPerStep }, i) => ({
      workers,
      microBatches,
      msPerStep,
      fittedMs: round(predicted[i]),
      residualMs: round(residuals[i]),
    })),
  };
}

function threeDigits(value: number): number {
  return Math.round(value * 1000) / 1000;
}
