/**
 * How many images a second one worker computes: whole GAN steps of an engine, with upload of the parameters and read-back
 * of the gradient, for each preset, micro-batch and backend of this machine. Every backend runs in a process of its own, on one
 * thread if it is a processor's; they take turns. Beside images per second stand images per second of processor time, which other work
 * on the machine disturbs less, and what each step asks of a WebGPU device.
 *
 *     npm run bench:backends -- --presets tutorial --samples 64,256,1024 --backends cuda,webgpu      a machine with a GPU
 *     npm run bench:backends -- --presets mnist --samples 32 --backends webgpu,webgpu-tfjs --software yes
 *
 * `webgpu` runs steps as plans, `webgpu-tfjs` op by op, by the kernels that tfjs comes with. A software adapter of WebGPU, which is for
 * tests, is measured only with `--software yes`, and then with the fewest images.
 */
import { join } from 'node:path';
import { CANDIDATES, diagnose } from '@gradcast/backends-node';
import type { BackendProfile } from '@gradcast/engine';
import { defaultsOf, presetNames, presets as allPresets } from '@gradcast/gan';
import type { PresetName } from '@gradcast/gan';
import type { Asked, Told } from './backends/engine-process.ts';
import {
  callRows,
  callsOf,
  gainsOf,
  planCounts,
  planRows,
  speedRows,
  speedsOf,
  targetsOf,
} from './backends/summary.ts';
import type { StepCalls, Turn } from './backends/summary.ts';
import { choice, choices, count, optionalCounts } from './harness/arguments.ts';
import { defineBenchmark } from './harness/benchmark.ts';
import { BenchmarkError } from './harness/errors.ts';
import type { Harness } from './harness/harness.ts';
import { machine } from './harness/machine.ts';
import { printTable, tell } from './harness/report.ts';
import type { RunningProcess } from './harness/running-process.ts';
import { orderOf } from './harness/statistics.ts';

const WAYS = [...CANDIDATES, 'webgpu-tfjs'] as const;
type Way = (typeof WAYS)[number];

/** The fewest that every preset takes. */
const SOFTWARE_SAMPLES = 16;
/** Steps that are looked into: on a device that a processor plays each takes seconds. */
const WATCHED = { hardware: 10, software: 1 };

interface Case {
  readonly preset: PresetName;
  /** Of a micro-batch; by default the preset's own, or fewer. */
  readonly samples: number | undefined;
}

interface Contestant {
  readonly way: Way;
  readonly child: RunningProcess<Asked, Told>;
  readonly profile: BackendProfile;
  readonly software: boolean;
}

export const benchmark = defineBenchmark({
  name: 'backends',
  shows:
    'Images a second of whole GAN steps of one worker, by preset, micro-batch and backend, and what a step asks of a GPU.',
  lasts: 'about four minutes',
  words: {},
  flags: {
    rounds: count(5, 'rounds'),
    seconds: count(3, 'seconds of each turn'),
    presets: choices(presetNames, 'presets'),
    samples: optionalCounts("images of a micro-batch, several separated by commas (each preset's own)"),
    backends: choices(WAYS, 'backends'),
    software: choice(['yes', 'no'], 'no', 'whether a software adapter of WebGPU is measured'),
  },
  run: async (harness, { rounds, seconds, presets, samples, backends: wanted, software }) => {
    const before = machine();
    const cases = casesOf(presets, samples);
    const { backends, skipped } = await find(harness, { wanted, withSoftware: software === 'yes' });
    const turns: Turn[] = [];
    for (let index = 0; index < rounds; index++) {
      for (const each of cases) {
        for (const contestant of orderOf(backends, index)) turns.push(await turnOf(contestant, each, seconds));
      }
      tell(`round ${index + 1} of ${rounds}`);
    }
    const calls: StepCalls[] = [];
    for (const each of cases) {
      for (const contestant of backends) calls.push(...(await watch(contestant, each)));
    }
    const [results, gains] = [speedsOf(turns), gainsOf(turns)];
    printTable(speedRows(results, gains));
    if (calls.length > 0) printTable(callRows(calls));
    const sizes = calls.filter(({ way }) => way === 'webgpu');
    if (sizes.length > 0) printTable(planRows(sizes));
    for (const { way, reason } of skipped) tell(`${way} was not measured: ${reason}`);
    const targets = targetsOf(results, gains);
    for (const { what, wanted: goal, measured, reached } of targets) {
      if (reached !== null) tell(`${what}: ${measured}, ${reached ? 'reached' : 'missed'} ${goal}`);
    }
    const profiles = Object.fromEntries(backends.map(({ way, profile }) => [way, profile]));
    const plans = sizes.map(({ preset, samples: own }) => ({ preset, samples: own, ...planCounts(preset, own) }));
    return { rounds, seconds, threads: 1, machine: before, profiles, results, gains, calls, plans, skipped, targets };
  },
});

/** @throws BenchmarkError if a preset takes no micro-batches as small. */
function casesOf(names: readonly PresetName[], samples: readonly number[] | undefined): Case[] {
  return names.flatMap((preset) => {
    const { minimumMicroBatch } = defaultsOf(allPresets[preset]);
    const few = samples?.find((each) => each < minimumMicroBatch);
    if (few !== undefined) {
      const sentence = `${preset} takes micro-batches of at least ${minimumMicroBatch} images, not ${few}`;
      throw new BenchmarkError(sentence, { exitCode: 2 });
    }
    return (samples ?? [undefined]).map((each) => ({ preset, samples: each }));
  });
}

function samplesOf({ software }: Contestant, { preset, samples }: Case): number {
  const own = allPresets[preset].microBatch;
  return samples ?? (software ? Math.min(own, SOFTWARE_SAMPLES) : own);
}

async function turnOf(contestant: Contestant, each: Case, seconds: number): Promise<Turn> {
  const { way, child, profile } = contestant;
  const { preset } = each;
  const samples = samplesOf(contestant, each);
  const turn = await child.ask({ type: 'train', preset, images: samples, seconds }, 'trained');
  const { images, ms, cpuMs } = turn;
  return { preset, samples, way, device: profile.device, images, ms, cpuMs };
}

/** What a step asks of a WebGPU device; nothing where there is none. */
async function watch(contestant: Contestant, each: Case): Promise<StepCalls[]> {
  const { way, child, profile, software } = contestant;
  if (profile.backend !== 'webgpu') return [];
  const { preset } = each;
  const samples = samplesOf(contestant, each);
  const steps = software ? WATCHED.software : WATCHED.hardware;
  const watched = await child.ask({ type: 'watch', preset, images: samples, steps }, 'watched');
  return [callsOf({ preset, samples, way }, watched.steps)];
}

/** Starts a process for each backend that runs here, and says why others do not. */
async function find(
  harness: Harness,
  { wanted, withSoftware }: { readonly wanted: readonly Way[]; readonly withSoftware: boolean },
) {
  // Asked as `gradcast doctor` asks: a library that dies or hangs does so in a process of its own.
  const { rows, gpus } = await diagnose({ probeEntry: join(await harness.build(), 'probe.mjs') });
  const backends: Contestant[] = [];
  const skipped: { readonly way: Way; readonly reason: string }[] = [];
  for (const way of wanted) {
    const { available, automatic, reason } = rows.find(
      ({ candidate }) => candidate === (way === 'webgpu-tfjs' ? 'webgpu' : way),
    )!;
    if (!available || (!automatic && !withSoftware)) {
      skipped.push({ way, reason });
      continue;
    }
    const child = await harness.startProgram<Asked, Told>('backends/engine-process.ts');
    const gpu = way === 'cuda' ? gpus.gpus[0] : undefined;
    const { profile } = await child.ask({ type: 'load', way, gpu }, 'loaded');
    backends.push({ way, child, profile, software: !automatic });
  }
  return { backends, skipped };
}
