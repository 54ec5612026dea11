/**
 * What a step gains on the native backend by running as a graph: for each preset the same micro-batches op by op and as a
 * graph, each in a process of its own with one compute thread. A measurement is load and gradient of 256 images, as a
 * worker does them; the two processes take turns, in alternating order, so that both see the same machine. Processor
 * time is given beside the wall clock: other work on the machine disturbs it less.
 */
import type { PresetName } from '@gradcast/gan';
import type { Asked, Mode, Told } from './graph/mode-process.ts';
import { count } from './harness/arguments.ts';
import { defineBenchmark } from './harness/benchmark.ts';
import { machine } from './harness/machine.ts';
import { printTable } from './harness/report.ts';
import type { RunningProcess } from './harness/running-process.ts';
import { median, orderOf, pairedRatio, round } from './harness/statistics.ts';
import type { Timing } from './harness/timing.ts';

interface Case {
  readonly preset: PresetName;
  /** Images of a micro-batch. */
  readonly size: number;
}

const CASES: readonly Case[] = [
  { preset: 'dcgan', size: 32 },
  { preset: 'tutorial', size: 64 },
  { preset: 'classic', size: 8 },
  { preset: 'classic', size: 64 },
];
const IMAGES = 256;
const WARM_UP = 3;
const MODES = ['eager', 'graph'] as const;

type Contestants = Readonly<Record<Mode, RunningProcess<Asked, Told>>>;

export const benchmark = defineBenchmark({
  name: 'graph',
  shows: 'What a step gains on the native backend by running as a graph instead of op by op.',
  lasts: 'about two minutes',
  words: { rounds: count(15, 'rounds') },
  flags: {},
  run: async (harness, { rounds }) => {
    const [eager, graph] = await Promise.all(
      MODES.map(() => harness.startProgram<Asked, Told>('graph/mode-process.ts')),
    );
    const contestants = { eager, graph };
    for (const mode of MODES) await contestants[mode].ask({ type: 'load', mode }, 'loaded');
    const cases = [];
    for (const wanted of CASES) cases.push(await measureCase(contestants, wanted, rounds));
    printTable(rowsOf(cases));
    return { rounds, images: IMAGES, threads: 1, cases, machine: machine() };
  },
});

async function measureCase(contestants: Contestants, wanted: Case, rounds: number) {
  const ask = (mode: Mode, steps: number) => contestants[mode].ask({ type: 'compute', ...wanted, steps }, 'computed');
  const first = { eager: await ask('eager', 1), graph: await ask('graph', 1) };
  for (const mode of MODES) await ask(mode, WARM_UP);
  const found: Record<Mode, Timing[]> = { eager: [], graph: [] };
  for (let index = 0; index < rounds; index++) {
    for (const mode of orderOf(MODES, index)) found[mode].push(await ask(mode, IMAGES / wanted.size));
  }
  const column = (mode: Mode, name: keyof Timing) => found[mode].map((timing) => timing[name]);
  const summaryOf = (mode: Mode) => ({
    imagesPerSecond: round((IMAGES * 1000) / median(column(mode, 'ms'))),
    fastest: round((IMAGES * 1000) / Math.min(...column(mode, 'ms'))),
    processorMsPerStep: round((median(column(mode, 'cpuMs')) * wanted.size) / IMAGES),
    firstStepMs: round(first[mode].ms),
  });
  return {
    ...wanted,
    eager: summaryOf('eager'),
    graph: summaryOf('graph'),
    gain: round(pairedRatio(column('eager', 'ms'), column('graph', 'ms'))),
    processorGain: round(pairedRatio(column('eager', 'cpuMs'), column('graph', 'cpuMs'))),
  };
}

function rowsOf(cases: readonly Awaited<ReturnType<typeof measureCase>>[]) {
  const head = ['preset', 'images', 'eager img/s', 'graph img/s', 'gain', 'gain, processor time', 'first step, ms'];
  return [
    head,
    ...cases.map(({ preset, size, eager, graph, gain, processorGain }) => [
      preset,
      size,
      Math.round(eager.imagesPerSecond),
      Math.round(graph.imagesPerSecond),
      gain.toFixed(2),
      processorGain.toFixed(2),
      `${Math.round(eager.firstStepMs)} / ${Math.round(graph.firstStepMs)}`,
    ]),
  ];
}
