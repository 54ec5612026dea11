/**
 * What the coordinator costs: two workers that train through it, beside two processes that compute the same gradients and
 * talk to nobody, on the same two cores. With 64 images a worker and step, and with 256. Both run in each round, in
 * alternating order, after as many steps as it takes until JavaScript is compiled; ratios are medians of the paired rounds.
 * At the end one more run of each kind says where the time of a step goes.
 */
import type { CodecName } from '@gradcast/protocol';
import { count } from './harness/arguments.ts';
import { defineBenchmark } from './harness/benchmark.ts';
import type { Harness } from './harness/harness.ts';
import { machine, twoCores } from './harness/machine.ts';
import { printTable, tell } from './harness/report.ts';
import { median, orderOf, pairedRatio, round } from './harness/statistics.ts';
import { codecsFlag, MICRO_BATCH, train, trainingFlags, trainWarm, warmUpOf, WORKERS } from './harness/training.ts';
import type { Size } from './harness/training.ts';
import type { Asked, Told } from './overhead/lone-process.ts';
import { watchSteps } from './overhead/step-times.ts';
import type { StepTimes } from './overhead/step-times.ts';

/** Micro-batches a worker computes of each step. */
const SIZES = [1, 4];
/** Share of the speed without a coordinator that must be left, by micro-batches a worker and step. */
const TARGETS: Readonly<Partial<Record<CodecName, Readonly<Record<number, number>>>>> = {
  f32: { 1: 0.87, 4: 0.95 },
  f16: { 1: 0.92 },
};

interface Place {
  readonly harness: Harness;
  readonly cores: readonly number[] | undefined;
}

export const benchmark = defineBenchmark({
  name: 'overhead',
  shows: 'What the coordinator costs two workers, beside two processes that compute the same and talk to nobody.',
  lasts: 'about four minutes a round',
  words: { rounds: count(5, 'rounds') },
  flags: { codecs: codecsFlag, steps: count(120, 'steps that are measured of a run') },
  run: async (harness, options) => {
    const cores = twoCores();
    const before = machine();
    const sizes = [];
    for (const perWorker of SIZES) sizes.push(await measureSize({ harness, cores }, perWorker, options));
    printTable(rowsOf(sizes));
    printTable(timeRowsOf(sizes));
    const setting = { ...options, workers: WORKERS, microBatch: MICRO_BATCH, cores: cores ?? 'not confined' };
    return { setting, machine: before, sizes };
  },
});

interface Options {
  readonly rounds: number;
  readonly steps: number;
  readonly codecs: readonly CodecName[];
}

async function measureSize(place: Place, perWorker: number, { rounds, steps: ofSmall, codecs }: Options) {
  // A larger step takes longer; it needs fewer of them for a steady number.
  const steps = perWorker === 1 ? ofSmall : Math.ceil(ofSmall / 2);
  const images = WORKERS * perWorker * MICRO_BATCH;
  const cpuMs: number[] = [];
  const alone = {
    title: 'two processes alone',
    speeds: [] as number[],
    run: async () => {
      const { imagesPerSecond, cpuMsPerStep } = await runAlone(place, { perWorker, steps });
      cpuMs.push(cpuMsPerStep);
      return imagesPerSecond;
    },
  };
  const coordinated = codecs.map((codec) => ({
    codec,
    title: `through the coordinator, ${codec}`,
    speeds: [] as number[],
    run: () => trainWarm(place.harness, { steps, perWorker, codec }, place),
  }));
  for (let index = 0; index < rounds; index++) {
    for (const { title, speeds, run } of orderOf([alone, ...coordinated], index)) {
      const speed = await run();
      speeds.push(speed);
      const where = `${perWorker * MICRO_BATCH} images a worker, round ${index + 1} of ${rounds}`;
      tell(`${where}: ${title}: ${speed.toFixed(1)} images/s`);
    }
  }
  const results = [];
  for (const { codec, speeds } of coordinated) {
    const ratio = pairedRatio(speeds, alone.speeds);
    const target = TARGETS[codec]?.[perWorker];
    const verdict = target === undefined ? {} : { target, reached: ratio >= target };
    const stepTimes = await timesOf(place, { steps, perWorker, codec });
    results.push({ codec, ...speedOf(speeds, images), ratio: round(ratio), ...verdict, stepTimes });
  }
  return {
    imagesPerWorker: perWorker * MICRO_BATCH,
    steps,
    alone: { ...speedOf(alone.speeds, images), cpuMsPerStep: round(median(cpuMs)) },
    results,
  };
}

/** Two processes that begin together: the sum of their speeds, and the processor time of one. */
async function runAlone({ harness, cores }: Place, { perWorker, steps }: Required<Omit<Size, 'codec'>>) {
  const children = await Promise.all(
    Array.from({ length: WORKERS }, () => harness.startProgram<Asked, Told>('overhead/lone-process.ts', { cores })),
  );
  await Promise.all(children.map((child, index) => child.ask({ type: 'prepare', index, perWorker, steps }, 'ready')));
  const times = await Promise.all(children.map((child) => child.ask({ type: 'measure' }, 'measured')));
  await Promise.all(children.map((child) => child.stop()));
  return {
    imagesPerSecond: times.reduce((sum, { ms }) => sum + (steps * perWorker * MICRO_BATCH * 1000) / ms, 0),
    cpuMsPerStep: times.reduce((sum, { cpuMs }) => sum + cpuMs, 0) / WORKERS / steps,
  };
}

/** Milliseconds a step by what they were spent on, from a run of its own. */
async function timesOf({ harness, cores }: Place, { steps, perWorker, codec }: Size): Promise<StepTimes | undefined> {
  const warmUp = warmUpOf(steps);
  const flags = trainingFlags({ steps: warmUp + steps, perWorker, codec });
  const watches: ReturnType<typeof watchSteps>[] = [];
  await train(harness, flags, { cores, onListening: (url) => watches.push(watchSteps(url, warmUp)) });
  return watches.at(0)?.stop();
}

function speedOf(speeds: readonly number[], images: number) {
  const middle = median(speeds);
  return {
    imagesPerSecond: speeds.map(round),
    median: round(middle),
    msPerStep: round((images * 1000) / middle),
  };
}

type Measured = Awaited<ReturnType<typeof measureSize>>;

function rowsOf(sizes: readonly Measured[]) {
  const rows = sizes.flatMap(({ imagesPerWorker, alone, results }) => [
    [imagesPerWorker, 'two processes alone', alone.median.toFixed(0), alone.msPerStep.toFixed(0), '', ''],
    ...results.map(({ codec, median: speed, msPerStep, ratio, target }) => {
      return [imagesPerWorker, `coordinator, ${codec}`, speed.toFixed(0), msPerStep.toFixed(0), ratio, target ?? ''];
    }),
  ]);
  return [['images a worker and step', 'what', 'images/s', 'ms a step', 'of alone', 'target'], ...rows];
}

function timeRowsOf(sizes: readonly Measured[]) {
  const parts = ['total', 'results', 'reduce', 'broadcast', 'optimizer', 'between'] as const;
  const rows = sizes.flatMap(({ imagesPerWorker, alone, results }) =>
    results.flatMap(({ codec, stepTimes }) => {
      if (!stepTimes) return [];
      const { compute, restOfLease, withoutGradient } = stepTimes.worker;
      const cpu = [stepTimes.cpu.coordinator, stepTimes.cpu.worker, alone.cpuMsPerStep];
      const of = parts.map((part) => stepTimes[part]);
      return [[imagesPerWorker, codec, ...of, compute, restOfLease, withoutGradient, ...cpu]];
    }),
  );
  const worker = ['worker: gradients', 'rest of lease', 'without a gradient'];
  const cpu = ['CPU: coordinator', 'a worker', 'a process alone'];
  return [['images a worker and step', 'codec', ...parts, ...worker, ...cpu], ...rows];
}
