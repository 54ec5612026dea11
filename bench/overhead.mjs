/**
 * What the coordinator costs: two workers that train through it, beside two processes that compute the same gradients and
 * talk to nobody, on the same two cores. With 64 images a worker and step, and with 256. Both run in each round, in
 * alternating order, after as many steps as it takes until JavaScript is compiled; ratios are medians of the paired rounds.
 * At the end one more run of each kind says where the time of a step goes. The table goes to stderr, JSON to stdout; about
 * four minutes a round.
 *
 *     npm run bench:overhead [-- ROUNDS] [--codecs f32,f16] [--steps N]
 */
import { fileURLToPath } from 'node:url';
import { runBenchmark, Together, twoCores } from './processes.mjs';
import { machine, median, optionsOf, orderOf, pairedRatio, printTable, round } from './report.mjs';
import { watchSteps } from './step-times.mjs';
import { codecsOf, MICRO_BATCH, train, trainingFlags, trainWarm, warmUpOf, WORKERS } from './training.mjs';

/** Micro-batches a worker computes of each step. */
const SIZES = [1, 4];
/** Share of the speed without a coordinator that must be left, by micro-batches a worker and step. */
const TARGETS = { f32: { 1: 0.87, 4: 0.95 }, f16: { 1: 0.92 } };
const lone = fileURLToPath(new URL('lone-process.mjs', import.meta.url));

const options = optionsOf({ name: 'bench:overhead', rounds: 5, counts: { steps: 120 }, texts: ['codecs'] });

await runBenchmark(async (out) => {
  const codecs = await codecsOf(options.codecs);
  const cores = twoCores();
  const before = machine();
  const sizes = [];
  for (const perWorker of SIZES) sizes.push(await measureSize({ perWorker, codecs, out, cores }));
  printTable(rowsOf(sizes));
  printTable(timeRowsOf(sizes));
  const setting = { ...options, workers: WORKERS, microBatch: MICRO_BATCH, cores: cores ?? 'not confined' };
  console.log(JSON.stringify({ setting, machine: before, sizes }, null, 2));
});

async function measureSize({ perWorker, codecs, out, cores }) {
  // A larger step takes longer; it needs fewer of them for a steady number.
  const steps = perWorker === 1 ? options.steps : Math.ceil(options.steps / 2);
  const images = WORKERS * perWorker * MICRO_BATCH;
  const contestants = [
    {
      key: 'alone',
      run: async () => {
        const alone = await runAlone({ perWorker, steps, cores });
        cpuMs.push(alone.cpuMsPerStep);
        return alone.imagesPerSecond;
      },
    },
    ...codecs.map((codec) => {
      return { key: codec, run: () => trainWarm({ steps, perWorker, codec, out, cores }) };
    }),
  ];
  const imagesPerSecond = Object.fromEntries(contestants.map(({ key }) => [key, []]));
  const cpuMs = [];
  for (let index = 0; index < options.rounds; index++) {
    for (const { key, run } of orderOf(contestants, index)) {
      const speed = await run();
      imagesPerSecond[key].push(speed);
      const who = key === 'alone' ? 'two processes alone' : `through the coordinator, ${key}`;
      const where = `${perWorker * MICRO_BATCH} images a worker, round ${index + 1} of ${options.rounds}`;
      console.error(`${where}: ${who}: ${speed.toFixed(1)} images/s`);
    }
  }
  const results = [];
  for (const codec of codecs) {
    const ratio = pairedRatio(imagesPerSecond[codec], imagesPerSecond.alone);
    const target = TARGETS[codec]?.[perWorker];
    const verdict = target === undefined ? {} : { target, reached: ratio >= target };
    const stepTimes = await timesOf({ steps, perWorker, codec, out, cores });
    results.push({ codec, ...speedOf(imagesPerSecond[codec], images), ratio: round(ratio), ...verdict, stepTimes });
  }
  const alone = { ...speedOf(imagesPerSecond.alone, images), cpuMsPerStep: round(median(cpuMs)) };
  return { imagesPerWorker: perWorker * MICRO_BATCH, steps, alone, results };
}

/** Two processes that begin together: the sum of their speeds, and the processor time of one. */
async function runAlone({ perWorker, steps, cores }) {
  const processes = new Together();
  const children = [];
  const times = [];
  let ready = 0;
  const onMessage = (message) => {
    if (message.ms !== undefined) return times.push(message);
    ready += 1;
    if (ready === WORKERS) for (const child of children) child.send('start');
  };
  for (let index = 0; index < WORKERS; index++) {
    const args = [lone, String(index), String(perWorker), String(steps)];
    const name = `lone process ${index}`;
    children.push(processes.start({ name, command: process.execPath, args, cores, onMessage }).child);
  }
  await processes.ended();
  return {
    imagesPerSecond: times.reduce((sum, { ms }) => sum + (steps * perWorker * MICRO_BATCH * 1000) / ms, 0),
    cpuMsPerStep: times.reduce((sum, each) => sum + each.cpuMs, 0) / WORKERS / steps,
  };
}

/** Milliseconds a step by what they were spent on, from a run of its own. */
async function timesOf({ steps, perWorker, codec, out, cores }) {
  const warmUp = warmUpOf(steps);
  const flags = trainingFlags({ steps: warmUp + steps, perWorker, codec });
  let watch;
  await train({ flags, out, cores, onListening: (url) => (watch = watchSteps(url, warmUp)) });
  return watch?.stop();
}

function speedOf(speeds, images) {
  const middle = median(speeds);
  return {
    imagesPerSecond: speeds.map(round),
    median: round(middle),
    msPerStep: round((images * 1000) / middle),
  };
}

function rowsOf(sizes) {
  const rows = sizes.flatMap(({ imagesPerWorker, alone, results }) => [
    [imagesPerWorker, 'two processes alone', alone.median.toFixed(0), alone.msPerStep.toFixed(0), '', ''],
    ...results.map(({ codec, median: speed, msPerStep, ratio, target }) => {
      return [imagesPerWorker, `coordinator, ${codec}`, speed.toFixed(0), msPerStep.toFixed(0), ratio, target ?? ''];
    }),
  ]);
  return [['images a worker and step', 'what', 'images/s', 'ms a step', 'of alone', 'target'], ...rows];
}

function timeRowsOf(sizes) {
  const parts = ['total', 'results', 'reduce', 'broadcast', 'optimizer', 'between'];
  const rows = sizes.flatMap(({ imagesPerWorker, alone, results }) =>
    results
      .filter(({ stepTimes }) => stepTimes)
      .map(({ codec, stepTimes }) => {
        const { compute, restOfLease, withoutGradient } = stepTimes.worker;
        const cpu = [stepTimes.cpu.coordinator, stepTimes.cpu.worker, alone.cpuMsPerStep];
        const of = parts.map((part) => stepTimes[part]);
        return [imagesPerWorker, codec, ...of, compute, restOfLease, withoutGradient, ...cpu];
      }),
  );
  const worker = ['worker: gradients', 'rest of lease', 'without a gradient'];
  const cpu = ['CPU: coordinator', 'a worker', 'a process alone'];
  return [['images a worker and step', 'codec', ...parts, ...worker, ...cpu], ...rows];
}
