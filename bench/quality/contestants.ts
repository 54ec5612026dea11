/**
 * Who is compared: presets of Gradcast, trained by the command as a user would, and the public GANs of other frameworks. Each
 * trains on the same cores for the same time or images, and `gradcast evaluate` scores what it draws.
 */
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { readImagesFile } from '@gradcast/dataset';
import { presets } from '@gradcast/gan';
import type { PresetName } from '@gradcast/gan';
import { BenchmarkError } from '../harness/errors.ts';
import type { Harness } from '../harness/harness.ts';
import { imagesFile } from '../peers/contestants.ts';
import { jsonLine } from '../harness/training.ts';
import { evaluationIn } from './scores.ts';
import type { JudgeScores } from './scores.ts';

export const PEERS = ['pytorch', 'tensorflow'] as const;
export type QualityPeer = (typeof PEERS)[number];

/** How long everybody trains: so many minutes, from the start of the processes, or until so many images were seen. */
export type Length = { readonly minutes: number } | { readonly images: number };

/** Samples that are scored. */
export const SAMPLES = 10_000;
/** Rows and columns of the picture's samples: the first of a seed, none picked. */
export const PANEL = { rows: 8, columns: 10 };
const SAMPLE_SEED = 0;
const WORKERS = 2;
/** Beyond the training: starting, drawing, writing. */
const SLACK_MS = 15 * 60_000;
/** Of a training that is over after so many images, whatever time that takes. */
const DAY_MS = 24 * 3600_000;

const TITLES = { pytorch: 'PyTorch DCGAN example', tensorflow: 'TensorFlow DCGAN tutorial' };
const SCRIPTS = { pytorch: 'pytorch_dcgan.py', tensorflow: 'tensorflow_dcgan.py' };

/** Where contestants run. */
export interface Arena {
  readonly harness: Harness;
  readonly cores: readonly number[] | undefined;
  readonly length: Length;
}

/** What one training came to. */
export interface Trial {
  readonly seed: number;
  /** Training images used, each as often as a step took it. */
  readonly images: number;
  readonly steps: number;
  /** From the start of the processes to the end of training. */
  readonly seconds: number;
  readonly judges: readonly JudgeScores[];
  /** Of Gradcast's own. */
  readonly backend?: string;
  readonly parametersSha256?: string;
}

export interface Contestant {
  readonly key: string;
  readonly title: string;
  /** Trains once. @returns also the samples for the picture, `[rows * columns, 28, 28]`. */
  readonly run: (seed: number) => Promise<{ readonly trial: Trial; readonly samples: Uint8Array }>;
}

/** The flags of `gradcast train` beside seed and folder. */
export function lengthFlags(preset: PresetName, length: Length): readonly string[] {
  if ('minutes' in length) return ['--for', `${Math.round(length.minutes * 60)}s`];
  const { microBatch, microBatches } = presets[preset];
  return ['--steps', `${Math.ceil(length.images / (microBatch * microBatches))}`];
}

function limitOf(length: Length): number {
  return SLACK_MS + ('minutes' in length ? length.minutes * 60_000 : DAY_MS);
}

export function gradcast({ harness, cores, length }: Arena, preset: PresetName): Contestant {
  const run = async (seed: number) => {
    const out = await harness.makeFolder(`run-${preset}`);
    const flags = ['--preset', preset, '--workers', `${WORKERS}`, ...lengthFlags(preset, length), '--seed', `${seed}`];
    const args = ['train', ...flags, '--no-progress', '--json', '--out', out];
    const begun = performance.now();
    const lines = (await harness.gradcast(args, { cores, limitMs: limitOf(length) })).trim().split('\n');
    const seconds = (performance.now() - begun) / 1000;
    const summary = lines.map(jsonLine).find((message) => message.type === 'summary');
    if (!summary) throw new BenchmarkError('gradcast train printed no summary');
    const folder = resolve(harness.root, summary.runFolder);
    const judges = await judged(harness, folder);
    const panel = join(out, 'panel.npy');
    const count = PANEL.rows * PANEL.columns;
    await harness.gradcast(['sample', folder, '--count', `${count}`, '--seed', `${SAMPLE_SEED}`, '--output', panel]);
    const samples = await panelOf(panel);
    await rm(out, { recursive: true });
    const { images, steps, backend, parametersSha256 } = summary;
    return { trial: { seed, images, steps, seconds, judges, backend, parametersSha256 }, samples };
  };
  return { key: preset, title: `Gradcast ${preset}`, run };
}

export function rival(arena: Arena, peer: QualityPeer, python: string): Contestant {
  const { harness, cores, length } = arena;
  const run = async (seed: number) => {
    const out = await harness.makeFolder(`run-${peer}`);
    const file = join(out, 'samples.npy');
    const script = join(harness.root, 'bench', 'quality', SCRIPTS[peer]);
    const given = ['--images', imagesFile(harness.root), '--samples', file, '--count', `${SAMPLES}`];
    const until = 'minutes' in length ? ['--seconds', `${length.minutes * 60}`] : ['--budget', `${length.images}`];
    const { output } = harness.startCommand({
      name: TITLES[peer],
      command: python,
      args: [script, ...given, '--seed', `${seed}`, ...until],
      // Its own modules leave nothing in the checkout.
      env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
      cores,
      limitMs: limitOf(length),
    });
    const told = JSON.parse((await output).trim().split('\n').at(-1) ?? '') as Pick<
      Trial,
      'images' | 'steps' | 'seconds'
    >;
    const judges = await judged(harness, file);
    const samples = await panelOf(file);
    await rm(out, { recursive: true });
    const { images, steps, seconds } = told;
    return { trial: { seed, images, steps, seconds, judges }, samples };
  };
  return { key: peer, title: TITLES[peer], run };
}

async function judged(harness: Harness, source: string): Promise<readonly JudgeScores[]> {
  const flags = ['--judge', 'both', '--count', `${SAMPLES}`, '--seed', `${SAMPLE_SEED}`, '--json'];
  return evaluationIn(await harness.gradcast(['evaluate', source, ...flags]), SAMPLES);
}

async function panelOf(path: string): Promise<Uint8Array> {
  const { images, count } = await readImagesFile(path);
  return images.subarray(0, (images.length / count) * PANEL.rows * PANEL.columns);
}
