/**
 * What the coordinator costs: the real process, through real sockets, with workers that answer every lease at once with a
 * canned vector of the `tutorial` preset (10.2 MB as f32), or of `mnist` for fleets of hundreds (0.9 MB with int8). Beside it,
 * in alternating turns, what a bare `ws` server reaches with the same bytes over as many sockets of as many processes: the
 * least that such a hub can cost.
 *
 *     npm run bench:hub [-- --rounds 3] [--workers 1,2,4,8,16,32] [--codecs f32,f16,bf16,int8] [--steps 160]
 *         [--preset tutorial] [--profile FOLDER]
 *     npm run bench:hub -- --preset mnist --codecs int8 --workers 64,256,1024 --rounds 1
 *
 * `--steps` are those measured with one worker; N workers do an N-th of them, ten at least. `--profile` writes a processor
 * profile of each coordinator (for Chrome's developer tools, or bench/hub/profile.mjs); such times are not comparable.
 * Medians of rounds, ratios paired within a round. The table goes to stderr, JSON to stdout; about four minutes.
 */
import { join, resolve } from 'node:path';
import { rm } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { build } from '../bin/build.mjs';
import { line } from './fit.mjs';
import { cannedPayloads, trajectory } from './hub/canned.mjs';
import { bareTurn, clientShares, coordinatorTurn } from './hub/rounds.mjs';
import { withCleanUp } from './forked.mjs';
import {
  bundle,
  countFlag,
  flagArguments,
  machine,
  median,
  orderOf,
  pairedRatio,
  printTable,
  round,
  scratchFolder,
  target,
} from './report.mjs';

const SEED = 1;
/** Images of a micro-batch: the fewest that the preset takes, for they are not what is measured. */
const MICRO_BATCH = 16;
const LEAST_STEPS = 10;
const WARM_UP_SHARE = 5;
const LEAST_WARM_UP = 4;
/** Of the bare exchange's bytes per second. */
const SHARE_OF_BARE = 0.7;
/** How much faster steps with int8 are than with f32, and for how many workers. */
const INT8_GAIN = 3;
const INT8_WORKERS = 16;

const flags = flagArguments({
  rounds: countFlag('rounds', 3),
  workers: (text) => (text ?? '1,2,4,8,16,32').split(',').map(countOfWorkers),
  codecs: (text) => text?.split(','),
  steps: countFlag('steps', 160),
  preset: (text) => text ?? 'tutorial',
  profile: (text) => (text === undefined ? undefined : resolve(text)),
});

const scratch = await scratchFolder();
await withCleanUp(main, () => rm(scratch, { recursive: true, force: true }));

async function main() {
  const libraryPath = await bundle('bench/hub/library.mjs', join(scratch, 'library.mjs'));
  const libraryUrl = pathToFileURL(libraryPath).href;
  const library = await import(libraryUrl);
  const known = library.CODECS;
  const codecs = flags.codecs ?? known;
  const unknown = codecs.find((codec) => !known.includes(codec));
  if (unknown !== undefined) {
    console.error(`--codecs takes some of ${known.join(', ')}, separated by commas, not ${unknown}`);
    process.exitCode = 2;
    return;
  }
  if (library.presets[flags.preset] === undefined) {
    console.error(`--preset takes one of ${Object.keys(library.presets).join(', ')}, not ${flags.preset}`);
    process.exitCode = 2;
    return;
  }
  const built = await build();
  const preset = { ...library.presets[flags.preset] };
  const model = library.buildModel(preset);
  const steps = new Map(flags.workers.map((workers) => [workers, stepsFor(workers)]));
  const fingerprints = trajectory(library, model, {
    seed: SEED,
    learningRate: preset.optimizer.learningRate,
    versions: Math.max(...[...steps.values()].map(({ begin, measured }) => begin + measured)),
  });
  const before = machine();
  const turns = [];
  for (let index = 0; index < flags.rounds; index++) {
    for (const workers of flags.workers) {
      for (const codec of codecs) {
        const { begin, measured } = steps.get(workers);
        const sizes = messageBytes(library, model, codec);
        const contestants = {
          coordinator: () =>
            coordinatorTurn({
              built,
              scratch,
              library: libraryUrl,
              workers,
              profileTo: flags.profile,
              config: configOf(library, { workers, codec, steps: begin + measured + LEAST_STEPS }),
              run: {
                preset: flags.preset,
                microBatchSize: MICRO_BATCH,
                seed: SEED,
                codec,
                fingerprints,
                begin,
                end: begin + measured,
              },
            }),
          bare: () => bareTurn({ library: libraryUrl, workers, warmUp: begin, steps: measured, ...sizes }),
        };
        const turn = { workers, codec };
        for (const name of orderOf(Object.keys(contestants), index)) turn[name] = await contestants[name]();
        turns.push(turn);
        tell(index, turn);
      }
    }
  }
  const results = flags.workers.flatMap((workers) =>
    codecs.map((codec) => summaryOf(turns.filter((turn) => turn.workers === workers && turn.codec === codec))),
  );
  const memory = memoryOf(results, codecs);
  printTable(rowsOf(results));
  for (const [codec, { steady, peak }] of Object.entries(memory)) {
    const words = ({ slope, intercept, r2 }) =>
      `${round(intercept)} MB + ${round(slope)} MB a worker (R² ${r2.toFixed(3)})`;
    console.error(`memory of the coordinator, ${codec}: steady ${words(steady)}; peak ${words(peak)}`);
  }
  const report = {
    preset: flags.preset,
    parameters: model.parameters.length,
    rounds: flags.rounds,
    machine: before,
    results,
    memory,
    targets: targetsOf(results, memory, turns),
  };
  console.log(JSON.stringify(report, null, 2));
}

function countOfWorkers(text) {
  const count = Number(text);
  // M, the number of micro-batches, is N here, and a power of two.
  if (Number.isInteger(count) && count >= 1 && Number.isInteger(Math.log2(count))) return count;
  throw new Error('--workers takes powers of two, separated by commas');
}

function stepsFor(workers) {
  const measured = Math.max(LEAST_STEPS, Math.ceil(flags.steps / workers));
  return { measured, begin: Math.max(LEAST_WARM_UP, Math.ceil(measured / WARM_UP_SHARE)) };
}

/** What `gradcast coordinator` makes of its flags. */
function configOf({ resolveCoordinator }, { workers, codec, steps }) {
  const text =
    `--preset ${flags.preset} --seed ${SEED} --steps ${steps} --micro-batches ${workers} --global-batch ${MICRO_BATCH * workers} ` +
    `--min-workers ${workers} --port 0 --metrics-port 0 --save-seconds 0 --no-samples --log-level silent --codec ${codec}`;
  return resolveCoordinator(text.split(' '), { environment: {}, cores: 1, hostname: 'bench' }).coordinator;
}

/** Bytes of an average and of a result, headers included. */
function messageBytes(library, model, codec) {
  const { averageBytes, resultBytes } = cannedPayloads(library, model, { codec, seed: SEED });
  const incarnation = 1;
  const scalars = { alpha: 0.1, oneMinusBeta1: 0.1, oneMinusBeta2: 0.1, epsilon: 0.1 };
  const average = { type: 'average', incarnation, version: 100, scalars };
  const subtree = { start: 0, size: 1 };
  const fingerprint = '0'.repeat(32);
  const result = {
    type: 'result',
    incarnation,
    lease: 1000,
    version: 100,
    subtree,
    fingerprint,
    computeMs: 0,
    queueMs: 0,
  };
  return {
    bytesDown: library.encodeFrame(average).byteLength + averageBytes,
    bytesUp: library.encodeFrame(result).byteLength + resultBytes,
  };
}

function tell(index, { workers, codec, coordinator, bare }) {
  const ofBare = Math.round((100 * coordinator.gigabytesPerSecond) / bare.gigabytesPerSecond);
  console.error(
    `round ${index + 1} of ${flags.rounds}, ${codec}, ${workers} workers: ${coordinator.msPerStep.toFixed(1)} ms a step, ` +
      `bare ${bare.msPerStep.toFixed(1)} ms, ${ofBare} % of its bytes a second`,
  );
}

function summaryOf(turns) {
  const [{ workers, codec }] = turns;
  const of = (contestant, member) => turns.map((turn) => turn[contestant][member]);
  const medians = (contestant) =>
    Object.fromEntries(
      Object.keys(turns[0][contestant]).map((member) => [member, round(median(of(contestant, member)))]),
    );
  return {
    workers,
    codec,
    clientProcesses: clientShares(workers).length,
    steps: stepsFor(workers).measured,
    coordinator: medians('coordinator'),
    bare: medians('bare'),
    ofBare: round(pairedRatio(of('coordinator', 'gigabytesPerSecond'), of('bare', 'gigabytesPerSecond'))),
  };
}

/** Resident memory as a line over the number of workers, by codec. */
function memoryOf(results, codecs) {
  const lines = codecs.flatMap((codec) => {
    const points = results.filter((result) => result.codec === codec);
    if (points.length < 3) return [];
    const fit = (member) =>
      line(
        points.map(({ workers }) => workers),
        points.map(({ coordinator }) => coordinator[member]),
      );
    return [[codec, { steady: fit('rssMb'), peak: fit('peakMb') }]];
  });
  return Object.fromEntries(lines);
}

function targetsOf(results, memory, turns) {
  const ofBare = results.map(({ workers, codec, ofBare: share }) =>
    target(`share of the bare exchange's bytes a second, ${codec}, ${workers} workers`, SHARE_OF_BARE, share),
  );
  const linear = Object.entries(memory).map(([codec, { steady }]) =>
    target(`memory linear in the workers, R² of the line, ${codec}`, 0.95, steady.r2),
  );
  const at = (codec) => turns.filter((turn) => turn.workers === INT8_WORKERS && turn.codec === codec);
  const ms = (codec) => at(codec).map(({ coordinator }) => coordinator.msPerStep);
  const gain = ms('int8').length > 0 && ms('f32').length > 0 ? pairedRatio(ms('f32'), ms('int8')) : undefined;
  return [...ofBare, ...linear, target(`steps a second of int8 over f32, ${INT8_WORKERS} workers`, INT8_GAIN, gain)];
}

function rowsOf(results) {
  const head = ['codec', 'workers', 'ms a step', 'GB/s', 'bare ms', 'bare GB/s', 'of bare', 'results a step'];
  const rows = [[...head, 'CPU ms a step', 'of it main', 'bare CPU ms', 'RSS MB', 'peak MB']];
  for (const { workers, codec, coordinator, bare, ofBare } of results) {
    rows.push([
      codec,
      workers,
      coordinator.msPerStep.toFixed(1),
      coordinator.gigabytesPerSecond.toFixed(2),
      bare.msPerStep.toFixed(1),
      bare.gigabytesPerSecond.toFixed(2),
      `${Math.round(100 * ofBare)} %`,
      coordinator.resultsPerStep.toFixed(1),
      coordinator.cpuMsPerStep.toFixed(1),
      coordinator.mainCpuMsPerStep?.toFixed(1) ?? '',
      bare.cpuMsPerStep.toFixed(1),
      Math.round(coordinator.rssMb),
      Math.round(coordinator.peakMb),
    ]);
  }
  return rows;
}
