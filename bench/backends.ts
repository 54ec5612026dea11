/**
 * How many images a second one thread computes: whole GAN steps of an engine, with upload of the parameters and read-back
 * of the gradient, for each preset and each backend of this machine. Every backend runs in a process of its own; they take
 * turns. Beside images per second stand images per second of processor time, which other work on the machine disturbs less.
 *
 * A software adapter of WebGPU, which is for tests, is measured only with `--software yes`, and then with the fewest images.
 */
import { join } from 'node:path';
import { CANDIDATES, diagnose } from '@gradcast/backends-node';
import type { Candidate } from '@gradcast/backends-node';
import type { PresetName } from '@gradcast/gan';
import type { Asked, Told } from './backends/engine-process.ts';
import { choice, choices, count } from './harness/arguments.ts';
import { defineBenchmark } from './harness/benchmark.ts';
import type { Harness } from './harness/harness.ts';
import { machine } from './harness/machine.ts';
import type { Typed } from './harness/messages.ts';
import { printTable, tell } from './harness/report.ts';
import type { RunningProcess } from './harness/running-process.ts';
import { median, orderOf, round, target } from './harness/statistics.ts';

const PRESETS = ['dcgan', 'tutorial', 'classic'] as const satisfies readonly PresetName[];
/** Images a second that WebAssembly must reach on one thread. */
const WASM_TARGETS: Readonly<Partial<Record<PresetName, number>>> = { tutorial: 25, dcgan: 80 };
/** The fewest that every preset takes. */
const SOFTWARE_IMAGES = 16;

interface Contestant {
  readonly candidate: Candidate;
  readonly child: RunningProcess<Asked, Told>;
  readonly profile: Typed<Told, 'loaded'>['profile'];
  readonly software: boolean;
}

interface Turn extends Typed<Told, 'trained'> {
  readonly preset: PresetName;
  readonly backend: Candidate;
}

export const benchmark = defineBenchmark({
  name: 'backends',
  shows: 'Images a second of whole GAN steps on one thread, by preset and backend.',
  lasts: 'about two minutes',
  words: {},
  flags: {
    rounds: count(5, 'rounds'),
    seconds: count(3, 'seconds of each turn'),
    presets: choices(PRESETS, 'presets'),
    backends: choices(CANDIDATES, 'backends'),
    software: choice(['yes', 'no'], 'no', 'whether a software adapter of WebGPU is measured'),
  },
  run: async (harness, { rounds, seconds, presets, backends: wanted, software }) => {
    const before = machine();
    const { backends, skipped } = await find(harness, { wanted, withSoftware: software === 'yes' });
    const turns: Turn[] = [];
    for (let index = 0; index < rounds; index++) {
      for (const preset of presets) {
        for (const { candidate, child, software } of orderOf(backends, index)) {
          const images = software ? SOFTWARE_IMAGES : undefined;
          const turn = await child.ask({ type: 'train', preset, images, seconds }, 'trained');
          turns.push({ ...turn, preset, backend: candidate });
        }
      }
      tell(`round ${index + 1} of ${rounds}`);
    }
    const results = presets.flatMap((preset) => backends.map(({ candidate }) => summaryOf(turns, preset, candidate)));
    const profiles = Object.fromEntries(backends.map(({ candidate, profile }) => [candidate, profile]));
    printTable([
      ['preset', 'backend', 'device', 'images/s', 'fastest', 'images/s of processor time'],
      ...results.map(({ preset, backend, imagesPerSecond, fastest, imagesPerCpuSecond }) => [
        preset,
        backend,
        profiles[backend].device,
        imagesPerSecond.toFixed(1),
        fastest.toFixed(1),
        imagesPerCpuSecond.toFixed(1),
      ]),
    ]);
    for (const { candidate, reason } of skipped) tell(`${candidate} was not measured: ${reason}`);
    const targets = Object.entries(WASM_TARGETS).map(([preset, images]) => {
      const result = results.find((each) => each.preset === preset && each.backend === 'wasm');
      return target(`images a second of wasm on one thread, ${preset}`, images, result?.imagesPerSecond);
    });
    return { rounds, seconds, threads: 1, machine: before, profiles, results, skipped, targets };
  },
});

function summaryOf(turns: readonly Turn[], preset: PresetName, backend: Candidate) {
  const own = turns.filter((turn) => turn.preset === preset && turn.backend === backend);
  const speeds = own.map(({ images, ms }) => (1000 * images) / ms);
  return {
    preset,
    backend,
    imagesPerSecond: round(median(speeds)),
    fastest: round(Math.max(...speeds)),
    imagesPerCpuSecond: round(median(own.map(({ images, cpuMs }) => (1000 * images) / cpuMs))),
  };
}

/** Starts a process for each backend that runs here, and says why others do not. */
async function find(
  harness: Harness,
  { wanted, withSoftware }: { readonly wanted: readonly Candidate[]; readonly withSoftware: boolean },
) {
  // Asked as `gradcast doctor` asks: a library that dies or hangs does so in a process of its own.
  const { rows, gpus } = await diagnose({ probeEntry: join(await harness.build(), 'probe.mjs') });
  const backends: Contestant[] = [];
  const skipped: { readonly candidate: Candidate; readonly reason: string }[] = [];
  for (const { candidate, available, automatic, reason } of rows) {
    if (!wanted.includes(candidate)) continue;
    if (!available || (!automatic && !withSoftware)) {
      skipped.push({ candidate, reason });
      continue;
    }
    const child = await harness.startProgram<Asked, Told>('backends/engine-process.ts');
    const gpu = candidate === 'cuda' ? gpus.gpus[0] : undefined;
    const { profile } = await child.ask({ type: 'load', candidate, gpu }, 'loaded');
    backends.push({ candidate, child, profile, software: !automatic });
  }
  return { backends, skipped };
}
