/**
 * What the coordinator costs: two workers that train through it, beside two processes that compute the same gradients and
 * talk to nobody, on the same two cores or at the same time on the same GPU. With 64 images a worker and step, and with 256, of the
 * `tutorial` preset, or as the flags say. Both run in each round, in alternating order, after as many steps as it takes until JavaScript is
 * compiled; ratios are medians of the paired rounds. At the end one more run of each kind says where the time of a step goes.
 *
 *     npm run bench:overhead -- 3 --backend webgpu --leaves 1,8,32 --codecs f32,f16      two workers on one GPU; or `--backend cuda`
 */
import { join } from 'node:path';
import { CANDIDATES, chooseBackend, gpuOf } from '@gradcast/backends-node';
import type { Candidate, ChosenBackend } from '@gradcast/backends-node';
import { BackendError } from '@gradcast/engine';
import { defaultsOf, presetNames, presets } from '@gradcast/gan';
import type { CodecName } from '@gradcast/protocol';
import { choice, count, optionalCount, powersOfTwo } from './harness/arguments.ts';
import { defineBenchmark } from './harness/benchmark.ts';
import { BenchmarkError } from './harness/errors.ts';
import type { Harness } from './harness/harness.ts';
import { machine, twoCores } from './harness/machine.ts';
import { printTable, tell } from './harness/report.ts';
import { median, orderOf, pairedRatio, round } from './harness/statistics.ts';
import { codecsFlag, train, trainingFlags, trainWarm, warmUpOf, WORKERS } from './harness/training.ts';
import type { Size, Subject } from './harness/training.ts';
import type { Asked, Told } from './overhead/lone-process.ts';
import { watchSteps } from './overhead/step-times.ts';
import type { StepTimes } from './overhead/step-times.ts';
import { isGpu, targetOf } from './overhead/targets.ts';

interface Place {
  readonly harness: Harness;
  /** None where a GPU computes: then cores are not what is short. */
  readonly cores: readonly number[] | undefined;
  readonly subject: Subject;
  readonly chosen: ChosenBackend;
}

export const benchmark = defineBenchmark({
  name: 'overhead',
  shows: 'What the coordinator costs two workers, beside two processes that compute the same and talk to nobody.',
  lasts: 'about four minutes a round',
  words: { rounds: count(5, 'rounds') },
  flags: {
    codecs: codecsFlag,
    steps: count(120, 'steps that are measured of a run with one micro-batch a worker; half of them with more'),
    backend: choice(CANDIDATES, 'tensorflow', 'backend'),
    preset: choice(presetNames, 'tutorial', 'preset'),
    'micro-batch': optionalCount("images of a micro-batch (the preset's own)"),
    leaves: powersOfTwo([1, 4], 'micro-batches a worker and step, several separated by commas'),
  },
  run: async (harness, { rounds, steps, codecs, leaves, backend, preset, 'micro-batch': images }) => {
    const subject = { preset, microBatch: images ?? presets[preset].microBatch, backend };
    requireSize(subject);
    const chosen = await choose(harness, backend);
    const cores = isGpu(chosen.device) ? undefined : twoCores();
    const before = machine();
    tell(`${preset}, micro-batches of ${subject.microBatch}, ${WORKERS} workers: ${chosen.sentence}`);
    const place = { harness, cores, subject, chosen };
    const sizes = [];
    for (const perWorker of leaves) sizes.push(await measureSize(place, perWorker, { rounds, steps, codecs }));
    printTable(rowsOf(sizes));
    printTable(timeRowsOf(sizes));
    const { device, gpus } = chosen;
    const on = { device, gpus: gpus.map(({ name }) => name), cores: cores ?? 'not confined' };
    const setting = { rounds, steps, codecs, workers: WORKERS, ...subject, leaves, ...on };
    return { setting, machine: before, sizes };
  },
});

/** @throws BenchmarkError if the preset takes no micro-batches as small. */
function requireSize({ preset, microBatch }: Subject): void {
  const { minimumMicroBatch } = defaultsOf(presets[preset]);
  if (microBatch >= minimumMicroBatch) return;
  const sentence = `${preset} takes micro-batches of at least ${minimumMicroBatch} images, not ${microBatch}`;
  throw new BenchmarkError(sentence, { exitCode: 2 });
}

/** As every worker chooses. @throws BenchmarkError if it cannot run here. */
async function choose(harness: Harness, backend: Candidate): Promise<ChosenBackend> {
  try {
    return await chooseBackend(backend, { probeEntry: join(await harness.build(), 'probe.mjs') });
  } catch (error) {
    if (!(error instanceof BackendError)) throw error;
    throw new BenchmarkError(`${error.message}; ${error.remedy}`, { cause: error });
  }
}

interface Options {
  readonly rounds: number;
  readonly steps: number;
  readonly codecs: readonly CodecName[];
}

async function measureSize(place: Place, perWorker: number, { rounds, steps: ofSmall, codecs }: Options) {
  // A larger step takes longer; it needs fewer of them for a steady number.
  const steps = perWorker === 1 ? ofSmall : Math.ceil(ofSmall / 2);
  const { subject, chosen } = place;
  const { device } = chosen;
  const images = WORKERS * perWorker * subject.microBatch;
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
    run: () => trainWarm(place.harness, { steps, perWorker, codec, subject }, place),
  }));
  for (let index = 0; index < rounds; index++) {
    for (const { title, speeds, run } of orderOf([alone, ...coordinated], index)) {
      const speed = await run();
      speeds.push(speed);
      const where = `${perWorker * subject.microBatch} images a worker, round ${index + 1} of ${rounds}`;
      tell(`${where}: ${title}: ${shown(speed)} images/s`);
    }
  }
  const results = [];
  for (const { codec, speeds } of coordinated) {
    const ratio = pairedRatio(speeds, alone.speeds);
    const target = targetOf({ subject, device, perWorker, codec });
    const verdict = target === undefined ? {} : { target, reached: ratio >= target };
    const stepTimes = await timesOf(place, { steps, perWorker, codec, subject });
    results.push({ codec, ...speedOf(speeds, images), ratio: round(ratio), ...verdict, stepTimes });
  }
  return {
    imagesPerWorker: perWorker * subject.microBatch,
    leaves: perWorker,
    steps,
    alone: { ...speedOf(alone.speeds, images), cpuMsPerStep: round(median(cpuMs)) },
    results,
  };
}

/** Two processes that begin together: the sum of their speeds, and the processor time of one. */
async function runAlone(
  { harness, cores, subject, chosen }: Place,
  { perWorker, steps }: Pick<Required<Size>, 'perWorker' | 'steps'>,
) {
  const { preset, microBatch } = subject;
  const { candidate, gpus } = chosen;
  const children = await Promise.all(
    Array.from({ length: WORKERS }, () => harness.startProgram<Asked, Told>('overhead/lone-process.ts', { cores })),
  );
  const prepare = (index: number): Asked => {
    // The GPU that the worker in whose place it is gets.
    const gpu = gpuOf(index, gpus);
    return { type: 'prepare', preset, microBatch, candidate, gpu, index, perWorker, steps };
  };
  await Promise.all(children.map((child, index) => child.ask(prepare(index), 'ready')));
  const times = await Promise.all(children.map((child) => child.ask({ type: 'measure' }, 'measured')));
  await Promise.all(children.map((child) => child.stop()));
  return {
    imagesPerSecond: times.reduce((sum, { ms }) => sum + (steps * perWorker * microBatch * 1000) / ms, 0),
    cpuMsPerStep: times.reduce((sum, { cpuMs }) => sum + cpuMs, 0) / WORKERS / steps,
  };
}

/** Milliseconds a step by what they were spent on, from a run of its own. */
async function timesOf(
  { harness, cores }: Place,
  { steps, perWorker, codec, subject }: Size,
): Promise<StepTimes | undefined> {
  const warmUp = warmUpOf(steps);
  const flags = trainingFlags({ steps: warmUp + steps, perWorker, codec, subject });
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

/** A GPU takes a step in some milliseconds; a processor that plays one has some images a second. */
const shown = (value: number) => (value < 100 ? value.toPrecision(3) : value.toFixed(0));

type Measured = Awaited<ReturnType<typeof measureSize>>;

function rowsOf(sizes: readonly Measured[]) {
  const rows = sizes.flatMap(({ imagesPerWorker, alone, results }) => [
    [imagesPerWorker, 'two processes alone', shown(alone.median), shown(alone.msPerStep), '', ''],
    ...results.map(({ codec, median: speed, msPerStep, ratio, target }) => {
      return [imagesPerWorker, `coordinator, ${codec}`, shown(speed), shown(msPerStep), ratio, target ?? ''];
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
