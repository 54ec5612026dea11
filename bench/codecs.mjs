/**
 * What a codec costs and brings, on the `mnist` preset with two workers of one thread each: bytes up and down per step
 * and worker, images a second, and how far the images of the trained generator lie from real ones. About ten minutes
 * on two quiet cores, of which half a minute at the start goes into the real images.
 *
 *     npm run bench:codecs [-- --steps 300] [--seeds 2] [--rounds 3]
 *
 * Each round trains once with every codec, in alternating order, all from one seed. The first `seeds` rounds have a seed
 * each and are judged; later rounds use these seeds again, for speed, and must come to the same bits. The table goes to
 * stderr, JSON to stdout.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { COMPONENTS, readSamples, realImages, SAMPLES } from './codecs/quality.mjs';
import { bytesPerStep, followWire, sizesOf } from './codecs/wire.mjs';
import { gradcast, runBenchmark } from './processes.mjs';
import { countFlag, flagArguments, machine, median, orderOf, pairedRatio, printTable, root, round } from './report.mjs';

const CODECS = ['f32', 'f16', 'bf16', 'int8'];
const WORKERS = 2;
const FLAGS =
  `--preset mnist --workers ${WORKERS} --min-workers ${WORKERS} --threads 1 --backend tensorflow ` +
  '--no-samples --no-progress --json';
/** Of the noise that samples are drawn from: the same points of the latent space for all runs. */
const SAMPLE_SEED = 1;

const { steps, seeds, rounds } = flagArguments({
  steps: countFlag('steps', 300),
  seeds: countFlag('seeds', 2),
  rounds: countFlag('rounds', 3),
});
if (rounds < seeds) {
  console.error(`bench:codecs judges one seed a round, so ${seeds} seeds need at least ${seeds} rounds, not ${rounds}`);
  process.exit(2);
}

await runBenchmark(async (folder) => {
  const before = machine();
  const sizes = await sizesOf('mnist', CODECS);
  const real = await realImages();
  const runs = [];
  for (let index = 0; index < rounds; index++) {
    for (const codec of orderOf(CODECS, index)) {
      const run = await trainOnce({ codec, seed: index % seeds, judged: index < seeds, folder, real });
      runs.push({ round: index, ...run });
      console.error(`round ${index + 1} of ${rounds}: ${sentenceOf(run)}`);
    }
  }
  const report = {
    flags: `${FLAGS} --steps ${steps}`,
    rounds,
    seeds,
    samples: SAMPLES,
    components: COMPONENTS,
    heldVariance: round(real.heldVariance),
    machine: { before, loadAverageAfter: machine().loadAverage },
    distances: Object.fromEntries(Object.entries(real.scale).map(([name, value]) => [name, round(value)])),
    codecs: Object.fromEntries(CODECS.map((codec) => [codec, summaryOf(codec, { runs, sizes })])),
    sameBits: sameBits(runs),
    runs,
  };
  printTable(rowsOf(report));
  console.error(scaleOf(report));
  console.log(JSON.stringify(report, null, 2));
});

/** One run, its bytes and its speed, and if it is judged the distance of its images. */
async function trainOnce({ codec, seed, judged, folder, real }) {
  const out = join(folder, 'runs');
  const args = [
    'train',
    ...FLAGS.split(' '),
    '--steps',
    `${steps}`,
    '--codec',
    codec,
    '--seed',
    `${seed}`,
    '--out',
    out,
  ];
  let wire;
  let summary;
  try {
    const onLine = (line) => {
      const message = JSON.parse(line);
      if (message.type === 'listening') wire = followWire(message.metricsUrl);
      if (message.type === 'summary') summary = message;
    };
    await gradcast(args, { onLine });
  } finally {
    wire = await wire?.stop();
  }
  const distance = judged ? await distanceOfRun(join(root, summary.runFolder), { folder, real }) : undefined;
  await rm(out, { recursive: true });
  const { imagesPerSecond, parametersSha256, exact } = summary;
  return {
    codec,
    seed,
    imagesPerSecond: round(imagesPerSecond),
    bytes: bytesPerStep(wire ?? [], WORKERS),
    distance: distance === undefined ? undefined : round(distance),
    parametersSha256,
    exact,
  };
}

async function distanceOfRun(run, { folder, real }) {
  const output = join(folder, 'samples.npy');
  const args = `--count ${SAMPLES} --seed ${SAMPLE_SEED} --backend tensorflow --output`;
  await gradcast(['sample', run, ...args.split(' '), output]);
  return real.distanceOf(await readSamples(output));
}

function summaryOf(codec, { runs, sizes }) {
  const own = runs.filter((run) => run.codec === codec);
  // By round, whatever the order within it was.
  const speeds = (name) => runs.filter((run) => run.codec === name).map((run) => run.imagesPerSecond);
  const measured = own.filter((run) => run.bytes !== undefined);
  const distances = own.filter((run) => run.distance !== undefined).map((run) => run.distance);
  return {
    ...sizes[codec],
    upBytes: measured.length > 0 ? median(measured.map((run) => run.bytes.up)) : undefined,
    downBytes: measured.length > 0 ? median(measured.map((run) => run.bytes.down)) : undefined,
    imagesPerSecond: round(median(speeds(codec))),
    timesF32: round(pairedRatio(speeds(codec), speeds('f32'))),
    distance: {
      mean: round(distances.reduce((sum, value) => sum + value, 0) / distances.length),
      lowest: Math.min(...distances),
      highest: Math.max(...distances),
    },
  };
}

/** Whether runs of one codec and seed came to the same parameters; null if none was repeated. */
function sameBits(runs) {
  const hashes = new Map();
  for (const { codec, seed, parametersSha256 } of runs) {
    const key = `${codec} ${seed}`;
    hashes.set(key, [...(hashes.get(key) ?? []), parametersSha256]);
  }
  const repeated = [...hashes.values()].filter((all) => all.length > 1);
  return repeated.length > 0 ? repeated.every((all) => new Set(all).size === 1) : null;
}

function rowsOf({ codecs }) {
  const head = [
    'codec',
    'node MB',
    'average MB',
    'up MB',
    'down MB',
    'images/s',
    'x f32',
    'distance',
    'lowest to highest',
  ];
  const rows = Object.entries(codecs).map(([codec, summary]) => [
    codec,
    megabytes(summary.nodeBytes),
    megabytes(summary.averageBytes),
    megabytes(summary.upBytes),
    megabytes(summary.downBytes),
    summary.imagesPerSecond.toFixed(0),
    summary.timesF32.toFixed(2),
    summary.distance.mean.toFixed(2),
    `${summary.distance.lowest.toFixed(2)} to ${summary.distance.highest.toFixed(2)}`,
  ]);
  return [head, ...rows];
}

function scaleOf({ distances: { halves, sameCount, meanImage } }) {
  return (
    `Distances to read these by: ${halves.toFixed(2)} between two halves of the real images, ${sameCount.toFixed(2)} ` +
    `between ${SAMPLES} real images and the others, ${meanImage.toFixed(2)} to the mean image alone.`
  );
}

function sentenceOf({ codec, seed, imagesPerSecond, distance }) {
  const judged = distance === undefined ? '' : `, distance ${distance.toFixed(2)}`;
  return `${codec}, seed ${seed}: ${imagesPerSecond.toFixed(0)} images/s${judged}`;
}

function megabytes(bytes) {
  return bytes === undefined ? '-' : (bytes / 1e6).toFixed(2);
}
