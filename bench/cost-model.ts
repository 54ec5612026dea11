/**
 * A model of what a step costs, fitted to measurements and carried on to fleets that nobody here has:
 *
 *     step time = compute + bytes / bandwidth + fixed
 *
 * The hub's own part comes from `bench:hub`: what its process needs per byte and per step, in processor time, so that
 * clients on the same machine do not count, and of its main thread where the system counts that, since other threads of it
 * run elsewhere. The fit of whole steps comes from `bench:runs`. Compute on a GPU and the network are stated, not measured.
 *
 *     node bin/bench.mjs hub > hub.json && node bin/bench.mjs runs > runs.json
 *     npm run bench:cost-model -- --hub hub.json --runs runs.json
 *
 * (npm prints a line of its own on stdout.)
 */
import { CODECS, findKnees, predict } from './cost-model/extrapolate.ts';
import type { Knees, Predictions } from './cost-model/extrapolate.ts';
import { hubCost, stepFit } from './cost-model/fits.ts';
import type { FittedHub } from './cost-model/fits.ts';
import { readHubReport, readRunsReport } from './cost-model/reports.ts';
import { optional, positives, required } from './harness/arguments.ts';
import { defineBenchmark } from './harness/benchmark.ts';
import { BenchmarkError } from './harness/errors.ts';
import { printTable, tell } from './harness/report.ts';

export const benchmark = defineBenchmark({
  name: 'cost-model',
  shows: 'What a step would cost with many GPUs: a model fitted to the reports of bench:hub and bench:runs.',
  lasts: 'no time',
  words: {},
  flags: {
    hub: required('FILE', 'the JSON that bench:hub printed'),
    runs: optional('FILE', 'the JSON that bench:runs printed'),
    'compute-ms': positives([20, 100, 500], 'milliseconds that a GPU computes of a step'),
    gbit: positives([10, 25], "the hub's network, Gbit/s"),
    gpus: positives([8, 64, 512], 'numbers of GPUs'),
  },
  run: async (_, { hub: hubFile, runs: runsFile, 'compute-ms': computeMs, gbit, gpus }) => {
    const hub = await readHubReport(hubFile);
    const runs = runsFile === undefined ? undefined : await readRunsReport(runsFile);
    const costs = CODECS.map((codec) => hubCost(hub.results, codec)).filter((cost) => cost !== undefined);
    const reference = costs.find(({ codec }) => codec === 'f32');
    if (!reference) {
      throw new BenchmarkError('--hub holds fewer than three numbers of workers with f32', { exitCode: 2 });
    }
    const steps = runs && stepFit(runs.runs, reference);
    for (const cost of costs) tellHub(cost);
    if (steps) tellSteps(steps);
    const predictions = predict(costs, { gbit, computeMs }, gpus);
    const knees = findKnees(costs, { gbit, computeMs });
    tellPredictions({ predictions, knees, gpus, most: Math.max(...hub.results.map(({ workers }) => workers)) });
    return {
      measured: { hub: { machine: hub.machine, costs }, steps: steps && { machine: runs.machine, ...steps } },
      stated: { computeMs, gbit },
      extrapolated: { predictions, knees },
    };
  },
});

function tellHub({ codec, fixedMs, msPerWorker, bytesPerWorker, r2, points }: FittedHub): void {
  tell(
    `\nMeasured, the hub's processor time, ${codec}: ${fixedMs} ms a step + ${msPerWorker} ms a worker ` +
      `(${(bytesPerWorker / 1e6).toFixed(1)} MB, ${(bytesPerWorker / 1e6 / msPerWorker).toFixed(2)} GB/s), R² ${r2}\n`,
  );
  printTable([
    ['workers', 'CPU ms', 'fitted', 'residual', 'wall ms'],
    ...points.map(({ workers, cpuMs, fittedMs, residualMs, wallMs }) => [workers, cpuMs, fittedMs, residualMs, wallMs]),
  ]);
}

function tellSteps(steps: ReturnType<typeof stepFit>): void {
  const { computeMsPerMicroBatch, gigabytesPerSecond, fixedMs, r2, points } = steps;
  tell(
    `\nMeasured, whole steps on one machine: ${computeMsPerMicroBatch} ms a micro-batch + bytes / ` +
      `${gigabytesPerSecond ?? '?'} GB/s + ${fixedMs} ms, R² ${r2}\n`,
  );
  printTable([
    ['workers', 'micro-batches', 'ms a step', 'fitted', 'residual'],
    ...points.map((point) => [point.workers, point.microBatches, point.msPerStep, point.fittedMs, point.residualMs]),
  ]);
}

interface Extrapolation {
  readonly predictions: Predictions;
  readonly knees: Knees;
  readonly gpus: readonly number[];
  /** Workers that were measured at most. */
  readonly most: number;
}

function tellPredictions({ predictions, knees, gpus, most }: Extrapolation): void {
  tell(
    `\nExtrapolated: compute and network are stated, no GPU and no network was measured, and no more than ${most} workers. ` +
      'One micro-batch for each GPU; "busy" is the share of a step in which a GPU computes.',
  );
  const assumed = predictions.find(({ basis }) => basis !== 'measured');
  if (assumed) tell(`${assumed.codec} was not measured; ${assumed.basis}.`);
  tell('');
  const numbers = gpus.map((count) => `${count} GPUs, ms (busy)`);
  printTable([
    ['codec', 'Gbit/s', 'compute ms', ...numbers, 'knee, workers', 'bound by'],
    ...knees.map(({ codec, gbit, computeMs, workers, bound }) => [
      codec,
      gbit,
      computeMs,
      ...predictions
        .filter((each) => each.codec === codec && each.gbit === gbit && each.computeMs === computeMs)
        .map(({ msPerStep, busy }) => `${Math.round(msPerStep)} (${Math.round(100 * busy)} %)`),
      workers,
      bound,
    ]),
  ]);
}
