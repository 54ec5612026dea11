/** Gradcast's engines and PyTorch on the same GPU: one worker, no coordinator. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { listGpus } from '@gradcast/backends-node';
import type { Gpu } from '@gradcast/backends-node';
import { presets } from '@gradcast/gan';
import type { PresetName } from '@gradcast/gan';
import type { Asked, Told } from '../backends/engine-process.ts';
import { taskOf } from '../backends/warm-engine.ts';
import type { Harness } from '../harness/harness.ts';
import { machine } from '../harness/machine.ts';
import { printTable, tell } from '../harness/report.ts';
import type { RunningProcess } from '../harness/running-process.ts';
import { median, orderOf, round } from '../harness/statistics.ts';
import { imagesFile } from './contestants.ts';
import { pythonEnvironment } from './environment.ts';

/** Presets whose losses `torch_gpu.py` has. */
export const GPU_PRESETS = ['tutorial', 'dcgan'] as const satisfies readonly PresetName[];

export interface GpuOptions {
  readonly presets: readonly PresetName[];
  /** Images of a micro-batch. */
  readonly samples: readonly number[];
  readonly rounds: number;
  /** Of each turn. */
  readonly seconds: number;
  /** A Python that has PyTorch with CUDA, and NumPy; one of our own otherwise. */
  readonly python: string | undefined;
}

/** What a way of PyTorch prints. */
interface Line {
  readonly way: string;
  readonly images: number;
  readonly seconds: number;
}

interface Case {
  readonly preset: PresetName;
  readonly samples: number;
}

interface Speed extends Case {
  readonly contestant: string;
  readonly imagesPerSecond: number;
}

const ENGINES = ['webgpu', 'cuda'] as const;
type Engine = (typeof ENGINES)[number];
type Child = RunningProcess<Asked, Told>;
const TORCH = {
  eager: 'PyTorch, tutorial step',
  'one-backward': 'PyTorch, one-backward step',
  graph: 'PyTorch, one-backward step as a CUDA graph',
};
const TORCH_FACTS = [
  'import json, numpy, torch',
  'found = torch.cuda.is_available()',
  'print(json.dumps({"torch": torch.__version__, "cuda": torch.version.cuda,',
  '  "device": torch.cuda.get_device_name() if found else None}))',
].join('\n');

interface TorchFacts {
  readonly torch: string;
  readonly cuda: string | null;
  readonly device: string | null;
}

/** @returns the report; where no GPU is, or PyTorch does not see it, it says so in a sentence and measures nothing. */
export async function measureOnGpu(harness: Harness, options: GpuOptions): Promise<object> {
  const { gpus, reason } = await listGpus(process.env);
  const gpu = gpus.at(0);
  if (!gpu) return nothing(reason);
  const python = options.python ?? (await pythonEnvironment(harness, { gpu: true })).python;
  const facts = await ask<TorchFacts>(harness, python, ['-c', TORCH_FACTS]);
  if (facts.device === null) {
    return nothing(`PyTorch ${facts.torch} does not see the ${gpu.name}`);
  }
  return measure(harness, { ...options, python, gpu, facts });
}

function nothing(reason: string): object {
  const skipped = `nothing was measured on a GPU: ${reason}`;
  tell(skipped);
  return { skipped };
}

interface Arena {
  readonly harness: Harness;
  readonly python: string;
  /** Of each turn. */
  readonly seconds: number;
  readonly engines: ReadonlyMap<Engine, Child>;
  /** Where the networks of a preset are written. */
  readonly files: ReadonlyMap<PresetName, string>;
}

async function measure(
  harness: Harness,
  options: GpuOptions & { readonly python: string; readonly gpu: Gpu; readonly facts: TorchFacts },
) {
  const { presets: names, samples, rounds, seconds, python, gpu, facts } = options;
  const before = machine();
  const { engines, skipped } = await startEngines(harness, gpu);
  const files = new Map<PresetName, string>();
  for (const preset of names) files.set(preset, await writePreset(harness, preset));
  const arena = { harness, python, seconds, engines, files };
  for (const preset of names) await checkOneBackward(arena, { preset, samples: samples[0] });
  const speeds: Speed[] = [];
  for (let index = 0; index < rounds; index++) {
    for (const preset of names) {
      for (const each of samples) speeds.push(...(await turnsOf(arena, { preset, samples: each }, index)));
    }
    tell(`round ${index + 1} of ${rounds}`);
  }
  const results = summaryOf(speeds);
  printTable(rowsOf(results));
  for (const sentence of skipped) tell(sentence);
  return { gpu: gpu.name, machine: before, versions: facts, rounds, seconds, tf32: false, results, skipped };
}

/** Fails unless the one-backward step gives the gradients of two passes. */
async function checkOneBackward(arena: Arena, each: Case): Promise<void> {
  const { distance } = JSON.parse((await torch(arena, each, ['--check'])).at(-1)!) as { readonly distance: number };
  tell(`${each.preset}: one-backward gradients are within ${distance.toExponential(1)} of two passes'`);
}

/** A turn of each contestant. */
async function turnsOf(arena: Arena, each: Case, index: number): Promise<Speed[]> {
  const { engines, seconds } = arena;
  const speeds: Speed[] = [];
  for (const contestant of orderOf([...engines.keys(), 'torch'] as const, index)) {
    if (contestant !== 'torch') {
      const wanted = { preset: each.preset, images: each.samples };
      const { images, ms } = await engines.get(contestant)!.ask({ type: 'train', ...wanted, seconds }, 'trained');
      speeds.push({ ...each, contestant: `Gradcast, ${contestant}`, imagesPerSecond: (1000 * images) / ms });
      continue;
    }
    const ways = orderOf(Object.keys(TORCH), index).join(',');
    for (const line of await torch(arena, each, ['--seconds', String(seconds), '--ways', ways])) {
      const { way, images, seconds: took } = JSON.parse(line) as Line;
      speeds.push({ ...each, contestant: TORCH[way as keyof typeof TORCH], imagesPerSecond: images / took });
    }
  }
  return speeds;
}

/** The lines that `torch_gpu.py` prints. */
function torch({ harness, python, files }: Arena, { preset, samples }: Case, more: readonly string[]) {
  const script = join(harness.root, 'bench', 'peers', 'torch_gpu.py');
  const own = ['--preset', files.get(preset)!, '--images', imagesFile(harness.root), '--batch', String(samples)];
  return linesOf(harness, python, [script, ...own, ...more]);
}

function rowsOf(results: ReturnType<typeof summaryOf>) {
  return [
    ['preset', 'images', 'contestant', 'images/s', 'ms a step', 'of PyTorch, tutorial step'],
    ...results.map(({ preset, samples, contestant, imagesPerSecond, msPerStep, share }) => [
      preset,
      samples,
      contestant,
      imagesPerSecond.toFixed(0),
      msPerStep.toFixed(2),
      share.toFixed(2),
    ]),
  ];
}

/** Engines that run here, and why others do not. */
async function startEngines(harness: Harness, gpu: Gpu) {
  const engines = new Map<Engine, Child>();
  const skipped: string[] = [];
  for (const way of ENGINES) {
    try {
      engines.set(way, await startEngine(harness, way, gpu));
    } catch (error) {
      skipped.push(`${way} was not measured: ${(error as Error).message}`);
    }
  }
  return { engines, skipped };
}

async function startEngine(harness: Harness, way: Engine, gpu: Gpu): Promise<Child> {
  const child = await harness.startProgram<Asked, Told>('backends/engine-process.ts');
  await child.ask({ type: 'load', way, gpu }, 'loaded');
  return child;
}

/** Networks and optimizer as `torch_gpu.py` reads them. */
async function writePreset(harness: Harness, name: PresetName): Promise<string> {
  const { entries } = taskOf(name, undefined).parameters;
  const parameters = ['generator/', 'discriminator/'].map((prefix) =>
    entries.filter((entry) => entry.name.startsWith(prefix)).reduce((sum, { size }) => sum + size, 0),
  );
  const path = join(harness.folder, `${name}.json`);
  await writeFile(path, JSON.stringify({ ...presets[name], parameters }));
  return path;
}

async function linesOf(harness: Harness, python: string, args: readonly string[]): Promise<string[]> {
  // Its own modules leave nothing in the checkout.
  const env = { ...process.env, PYTHONDONTWRITEBYTECODE: '1' };
  const { output } = harness.startCommand({ name: 'PyTorch', command: python, args, env });
  return (await output).trim().split('\n');
}

async function ask<Answer>(harness: Harness, python: string, args: readonly string[]): Promise<Answer> {
  return JSON.parse((await linesOf(harness, python, args)).at(-1)!) as Answer;
}

function summaryOf(speeds: readonly Speed[]) {
  const medianOf = ({ preset, samples }: Case, contestant: string) => {
    const own = speeds.filter(
      (each) => each.preset === preset && each.samples === samples && each.contestant === contestant,
    );
    return median(own.map(({ imagesPerSecond }) => imagesPerSecond));
  };
  const keys = new Set(
    speeds.map(({ preset, samples, contestant }) => JSON.stringify({ preset, samples, contestant })),
  );
  return [...keys].map((key) => {
    const { contestant, ...each } = JSON.parse(key) as Omit<Speed, 'imagesPerSecond'>;
    const imagesPerSecond = medianOf(each, contestant);
    return {
      ...each,
      contestant,
      imagesPerSecond: round(imagesPerSecond),
      msPerStep: round((1000 * each.samples) / imagesPerSecond),
      share: round(imagesPerSecond / medianOf(each, TORCH.eager)),
    };
  });
}
