/**
 * What a step gains on the native backend by not running op by op: for each preset the same micro-batches op by op, as session
 * graphs and as one function, each in a process of its own with one compute thread. A measurement is load and gradient of as many
 * micro-batches as have 256 images, as a worker does them; the processes take turns, in alternating order, so that all see the
 * same machine. Processor time is given beside the wall clock: other work on the machine disturbs it less.
 *
 * With `--gpu yes` they run on the first NVIDIA GPU, as functions with XLA, too.
 */
import { listGpus } from '@gradcast/backends-node';
import type { PresetName } from '@gradcast/gan';
import type { Asked, Mode, Told } from './graph/mode-process.ts';
import { choice, choices, count } from './harness/arguments.ts';
import { defineBenchmark } from './harness/benchmark.ts';
import { machine } from './harness/machine.ts';
import { printTable } from './harness/report.ts';
import type { RunningProcess } from './harness/running-process.ts';
import { median, orderOf, pairedRatio, round } from './harness/statistics.ts';
import type { Timing } from './harness/timing.ts';

const PRESETS = ['dcgan', 'mnist', 'classic', 'tutorial'] as const satisfies readonly PresetName[];

interface Case {
  readonly preset: (typeof PRESETS)[number];
  /** Images of a micro-batch. */
  readonly size: number;
}

const CASES: readonly Case[] = [
  { preset: 'dcgan', size: 32 },
  { preset: 'tutorial', size: 64 },
  { preset: 'classic', size: 8 },
  { preset: 'classic', size: 64 },
];
const GPU_CASES: readonly Case[] = [
  { preset: 'mnist', size: 32 },
  { preset: 'mnist', size: 256 },
  { preset: 'classic', size: 8 },
  { preset: 'tutorial', size: 64 },
  { preset: 'tutorial', size: 256 },
  { preset: 'tutorial', size: 1024 },
];
const IMAGES = 256;
const WARM_UP = 3;

interface Contestant {
  readonly mode: Mode;
  readonly child: RunningProcess<Asked, Told>;
}

export const benchmark = defineBenchmark({
  name: 'graph',
  shows: 'What a step gains on the native backend by running as graphs or as one function instead of op by op.',
  lasts: 'about three minutes',
  words: { rounds: count(15, 'rounds') },
  flags: {
    presets: choices(PRESETS, 'presets'),
    gpu: choice(['yes', 'no'], 'no', 'whether the first NVIDIA GPU computes'),
    xla: choice(['yes', 'no'], 'no', 'whether functions run with XLA on the processor, too'),
  },
  run: async (harness, { rounds, presets, gpu: onGpu, xla }) => {
    const gpu = onGpu === 'yes' ? (await listGpus(process.env)).gpus.at(0) : undefined;
    if (onGpu === 'yes' && !gpu) throw new Error('there is no NVIDIA GPU here');
    const modes: Mode[] = gpu ? ['eager', 'function', 'function-xla'] : ['eager', 'graph', 'function'];
    if (!gpu && xla === 'yes') modes.push('function-xla');
    const contestants: Contestant[] = [];
    for (const mode of modes) {
      const child = await harness.startProgram<Asked, Told>('graph/mode-process.ts');
      await child.ask({ type: 'load', mode, gpu }, 'loaded');
      contestants.push({ mode, child });
    }
    const cases = [];
    for (const wanted of gpu ? GPU_CASES : CASES) {
      if (presets.includes(wanted.preset)) cases.push(await measureCase(contestants, wanted, rounds));
    }
    printTable(rowsOf(cases.flat()));
    return { rounds, images: IMAGES, threads: 1, device: gpu?.name ?? 'cpu', cases, machine: machine() };
  },
});

async function measureCase(contestants: readonly Contestant[], wanted: Case, rounds: number) {
  const steps = Math.max(1, IMAGES / wanted.size);
  const ask = ({ child }: Contestant, count: number) =>
    child.ask({ type: 'compute', ...wanted, steps: count }, 'computed');
  const first = new Map<Mode, Awaited<ReturnType<typeof ask>>>();
  const found = new Map<Mode, Timing[]>();
  for (const contestant of contestants) {
    first.set(contestant.mode, await ask(contestant, 1));
    await ask(contestant, WARM_UP);
    found.set(contestant.mode, []);
  }
  for (let index = 0; index < rounds; index++) {
    for (const contestant of orderOf(contestants, index)) {
      found.get(contestant.mode)!.push(await ask(contestant, steps));
    }
  }
  const column = (mode: Mode, name: keyof Timing) => found.get(mode)!.map((timing) => timing[name]);
  return contestants.map(({ mode }) => ({
    ...wanted,
    mode,
    imagesPerSecond: round((steps * wanted.size * 1000) / median(column(mode, 'ms'))),
    fastest: round((steps * wanted.size * 1000) / Math.min(...column(mode, 'ms'))),
    processorMsPerStep: round(median(column(mode, 'cpuMs')) / steps),
    firstStepMs: round(first.get(mode)!.ms),
    gain: round(pairedRatio(column('eager', 'ms'), column(mode, 'ms'))),
    processorGain: round(pairedRatio(column('eager', 'cpuMs'), column(mode, 'cpuMs'))),
    /** Of the first gradient: equal ones have the same bits. */
    sha256: first.get(mode)!.sha256,
  }));
}

function rowsOf(results: Awaited<ReturnType<typeof measureCase>>) {
  const head = [
    'preset',
    'images',
    'mode',
    'img/s',
    'fastest',
    'gain',
    'gain, processor time',
    'first step, ms',
    'bits',
  ];
  return [
    head,
    ...results.map(({ preset, size, mode, imagesPerSecond, fastest, gain, processorGain, firstStepMs, sha256 }) => [
      preset,
      size,
      mode,
      Math.round(imagesPerSecond),
      Math.round(fastest),
      gain.toFixed(2),
      processorGain.toFixed(2),
      Math.round(firstStepMs),
      sha256.slice(0, 8),
    ]),
  ];
}
