/**
 * A model of what a step costs, fitted to measurements and carried on to fleets that nobody here has:
 *
 *     step time = compute + bytes / bandwidth + fixed
 *
 * The hub's own part comes from `bench:hub`: what its process needs per byte and per step, in processor time, so that
 * clients on the same machine do not count, and of its main thread where the system counts that, since other threads of it
 * run elsewhere. The fit of whole steps comes from `bench:runs`. Compute on a GPU and the network are stated, not measured.
 * The tables go to stderr, JSON to stdout.
 *
 *     npm run bench:hub > hub.json && npm run bench:runs > runs.json
 *     npm run bench:cost-model -- --hub hub.json [--runs runs.json] [--compute-ms 20,100,500] [--gbit 10,25] [--gpus 8,64,512]
 *
 * npm prints a line of its own on stdout: `npm run --silent`, or `node bench/hub.mjs`.
 */
import { readFile } from 'node:fs/promises';
import { leastSquares, nonNegative } from './fit.mjs';
import { flagArguments, printTable, round } from './report.mjs';

const CODECS = ['f32', 'int8'];
/** Bytes of an int8 result and average, if none was measured: one each parameter. */
const INT8_SHARE = 1 / 4;
const BITS = 8;

const flags = flagArguments({
  hub: (text) => {
    if (text === undefined) throw new Error('--hub takes the JSON that bench:hub printed');
    return text;
  },
  runs: (text) => text,
  'compute-ms': numbersFlag('compute-ms', '20,100,500'),
  gbit: numbersFlag('gbit', '10,25'),
  gpus: numbersFlag('gpus', '8,64,512'),
});

const hub = await reportOf(flags.hub, 'results', 'bench:hub');
const runs = flags.runs === undefined ? undefined : await reportOf(flags.runs, 'runs', 'bench:runs');
const costs = CODECS.map(hubCost).filter((cost) => cost !== undefined);
const steps = runs && stepFit(runs.runs, costs[0]);
tellFits(costs, steps);
const predictions = predict(costs);
const knees = findKnees(costs);
tellPredictions(predictions, knees);
console.log(
  JSON.stringify(
    {
      measured: { hub: { machine: hub.machine, costs }, steps: steps && { machine: runs.machine, ...steps } },
      stated: { computeMs: flags['compute-ms'], gbit: flags.gbit },
      extrapolated: { predictions, knees },
    },
    null,
    2,
  ),
);

/**
 * What the hub needs in each codec: milliseconds of processor time per step and per worker, and bytes per worker and step.
 * A line over the number of workers; relative errors are made small, so that few workers count as much as many.
 */
function hubCost(codec) {
  const points = hub.results.filter((result) => result.codec === codec);
  if (points.length < 3) return codec === 'f32' ? fail('--hub holds fewer than three numbers of workers') : undefined;
  const rows = points.map(({ workers }) => [1, workers]);
  const cpu = points.map(({ coordinator }) => coordinator.mainCpuMsPerStep ?? coordinator.cpuMsPerStep);
  const wall = points.map(({ coordinator }) => coordinator.msPerStep);
  const relative = (values) =>
    leastSquares(
      rows,
      values,
      values.map((value) => 1 / value),
    );
  const fit = relative(cpu);
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
    points: points.map(({ workers }, i) => ({
      workers,
      cpuMs: cpu[i],
      fittedMs: round(fit.predicted[i]),
      residualMs: round(fit.residuals[i]),
      wallMs: wall[i],
    })),
  };
}

/**
 * Whole steps of real runs: milliseconds per micro-batch of the busiest worker, bytes over bandwidth, and the rest. Three
 * unknowns, so the six settings of `bench:runs` leave three degrees of freedom. None of them can be negative. Workers are
 * those that brought results.
 */
function stepFit(measured, { bytesPerWorker }) {
  const rows = measured.map(({ workersUsed: workers, microBatches }) => [
    Math.ceil(microBatches / workers),
    (workers * bytesPerWorker) / 1e6,
    1,
  ]);
  const times = measured.map(({ msPerStep }) => msPerStep);
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
    points: measured.map(({ workersUsed: workers, microBatches, msPerStep }, i) => ({
      workers,
      microBatches,
      msPerStep,
      fittedMs: round(predicted[i]),
      residualMs: round(residuals[i]),
    })),
  };
}

/** The hub's cost in a codec, or what it would be with a quarter of the bytes at the cost per byte of f32. */
function costOf(all, codec) {
  const own = all.find((cost) => cost.codec === codec);
  if (own) return own;
  const [{ fixedMs, msPerWorker, bytesPerWorker }] = all;
  return {
    codec,
    basis: 'assumed: a quarter of the bytes and of the time of f32, packing free',
    fixedMs,
    msPerWorker: msPerWorker * INT8_SHARE,
    bytesPerWorker: bytesPerWorker * INT8_SHARE,
  };
}

/** Milliseconds for the bytes of one worker through the hub: its process or its network, whichever is slower. */
function transferMs({ msPerWorker, bytesPerWorker }, gbit) {
  // Both directions one after the other: a step's averages are out before its results come in.
  return Math.max(msPerWorker, (bytesPerWorker * BITS) / (gbit * 1e6));
}

function predict(all) {
  return forEachSetting((codec, gbit, computeMs) =>
    flags.gpus.map((gpus) => {
      const cost = costOf(all, codec);
      const ms = computeMs + gpus * transferMs(cost, gbit) + cost.fixedMs;
      return { codec, basis: cost.basis, gbit, computeMs, gpus, msPerStep: round(ms), busy: round(computeMs / ms) };
    }),
  );
}

/** Workers at which the hub takes as long as compute does: with more, GPUs wait for it most of the time. */
function findKnees(all) {
  return forEachSetting((codec, gbit, computeMs) => {
    const cost = costOf(all, codec);
    const workers = Math.floor((computeMs - cost.fixedMs) / transferMs(cost, gbit));
    const bound = transferMs(cost, gbit) > cost.msPerWorker ? 'network' : 'process';
    return [{ codec, basis: cost.basis, gbit, computeMs, workers: Math.max(0, workers), bound }];
  });
}

function forEachSetting(body) {
  return CODECS.flatMap((codec) =>
    flags.gbit.flatMap((gbit) => flags['compute-ms'].flatMap((computeMs) => body(codec, gbit, computeMs))),
  );
}

function tellFits(all, fitted) {
  for (const cost of all) {
    const { codec, fixedMs, msPerWorker, bytesPerWorker, r2, points } = cost;
    console.error(
      `\nMeasured, the hub's processor time, ${codec}: ${fixedMs} ms a step + ${msPerWorker} ms a worker ` +
        `(${(bytesPerWorker / 1e6).toFixed(1)} MB, ${(bytesPerWorker / 1e6 / msPerWorker).toFixed(2)} GB/s), R² ${r2}\n`,
    );
    printTable([
      ['workers', 'CPU ms', 'fitted', 'residual', 'wall ms'],
      ...points.map(({ workers, cpuMs, fittedMs, residualMs, wallMs }) => [
        workers,
        cpuMs,
        fittedMs,
        residualMs,
        wallMs,
      ]),
    ]);
  }
  if (!fitted) return;
  const { computeMsPerMicroBatch, gigabytesPerSecond, fixedMs, r2, points } = fitted;
  console.error(
    `\nMeasured, whole steps on one machine: ${computeMsPerMicroBatch} ms a micro-batch + bytes / ${gigabytesPerSecond ?? '?'} GB/s + ` +
      `${fixedMs} ms, R² ${r2}\n`,
  );
  printTable([
    ['workers', 'micro-batches', 'ms a step', 'fitted', 'residual'],
    ...points.map((point) => [point.workers, point.microBatches, point.msPerStep, point.fittedMs, point.residualMs]),
  ]);
}

function tellPredictions(predicted, found) {
  const most = Math.max(...hub.results.map(({ workers }) => workers));
  console.error(
    `\nExtrapolated: compute and network are stated, no GPU and no network was measured, and no more than ${most} workers. ` +
      'One micro-batch for each GPU; "busy" is the share of a step in which a GPU computes.',
  );
  const assumed = predicted.find(({ basis }) => basis !== 'measured');
  if (assumed) console.error(`${assumed.codec} was not measured; ${assumed.basis}.`);
  console.error('');
  printTable([
    [
      'codec',
      'Gbit/s',
      'compute ms',
      ...flags.gpus.map((gpus) => `${gpus} GPUs, ms (busy)`),
      'knee, workers',
      'bound by',
    ],
    ...found.map(({ codec, gbit, computeMs, workers, bound }) => [
      codec,
      gbit,
      computeMs,
      ...predicted
        .filter((each) => each.codec === codec && each.gbit === gbit && each.computeMs === computeMs)
        .map(({ msPerStep, busy }) => `${Math.round(msPerStep)} (${Math.round(100 * busy)} %)`),
      workers,
      bound,
    ]),
  ]);
}

function threeDigits(value) {
  return Math.round(value * 1000) / 1000;
}

function numbersFlag(name, byDefault) {
  return (text) => {
    const numbers = (text ?? byDefault).split(',').map(Number);
    if (numbers.every((number) => number > 0 && Number.isFinite(number))) return numbers;
    throw new Error(`--${name} takes numbers above zero, separated by commas`);
  };
}

async function reportOf(path, member, command) {
  try {
    const report = JSON.parse(await readFile(path, 'utf8'));
    if (Array.isArray(report[member])) return report;
  } catch {
    // Said below, whatever it was.
  }
  return fail(`${path} is not what ${command} printed`);
}

function fail(sentence) {
  console.error(sentence);
  process.exit(2);
}
