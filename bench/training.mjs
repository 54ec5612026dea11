/**
 * Runs of `gradcast train` on the `tutorial` preset, as benchmarks start them: two workers of one thread each.
 */
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { build } from '../bin/build.mjs';
import { root } from './report.mjs';
import { BenchmarkError, start } from './processes.mjs';

export const WORKERS = 2;
/** Images of a micro-batch, as the preset has them. */
export const MICRO_BATCH = 64;
const CODECS = ['f32', 'f16', 'bf16', 'int8'];
const bin = join(root, 'bin', 'gradcast.mjs');

/** The flags of a run in which each worker computes so many micro-batches of a step. */
export function trainingFlags({ steps, perWorker = 1, codec }) {
  const microBatches = WORKERS * perWorker;
  const flags =
    `--preset tutorial --workers ${WORKERS} --threads 1 --global-batch ${microBatches * MICRO_BATCH} ` +
    `--micro-batches ${microBatches} --steps ${steps} --backend tensorflow --no-samples`;
  // f32 is what a run has without the flag.
  return codec === undefined || codec === 'f32' ? flags : `${flags} --codec ${codec}`;
}

/** One run; resolves with its summary. `onListening` gets the address of the coordinator's metrics. */
export async function train({ flags, out, cores, onListening }) {
  const onLine = (line) => {
    if (line.startsWith('{"type":"listening"')) onListening?.(JSON.parse(line).metricsUrl);
  };
  const args = [bin, 'train', ...flags.split(' '), '--no-progress', '--json', '--out', out];
  const { ended } = start({ name: 'gradcast train', command: process.execPath, args, cores, onLine });
  const line = (await ended).split('\n').find((text) => text.startsWith('{"type":"summary"'));
  if (!line) throw new BenchmarkError('gradcast train printed no summary');
  return JSON.parse(line);
}

/**
 * One run's speed when it is warm: images a second over its last `steps` steps, after half as many in which JavaScript is
 * compiled: that takes a tenth of the first ones' time, and nothing of the thousands that a training run has.
 */
export async function trainWarm({ steps, perWorker, codec, out, cores }) {
  const warmUp = Math.ceil(steps / 2);
  const last = 3 * warmUp;
  const marks = new Map();
  const onLine = (line) => {
    const { type, step } = JSON.parse(line);
    if (type === 'progress') marks.set(step, performance.now());
  };
  const flags = `${trainingFlags({ steps: last, perWorker, codec })} --log-interval ${warmUp}`;
  const args = [bin, 'train', ...flags.split(' '), '--json', '--out', out];
  await start({ name: 'gradcast train', command: process.execPath, args, cores, onLine }).ended;
  const seconds = (marks.get(last) - marks.get(warmUp)) / 1000;
  if (!(seconds > 0)) throw new BenchmarkError('gradcast train told no progress');
  return ((last - warmUp) * WORKERS * perWorker * MICRO_BATCH) / seconds;
}

/** The codecs that this build's `--codec` knows; f32 alone where there is no such flag. */
export async function knownCodecs() {
  await build();
  const args = [bin, 'train', '--help'];
  const help = await start({ name: 'gradcast train --help', command: process.execPath, args }).ended;
  const values = /--codec ([a-z0-9|]+)/.exec(help)?.[1].split('|') ?? ['f32'];
  return CODECS.filter((codec) => values.includes(codec));
}

/** The codecs to measure, from a list like `f32,f16`; all that the build knows if it is undefined. */
export async function codecsOf(list) {
  const known = await knownCodecs();
  const wanted = list?.split(',') ?? known;
  const unknown = wanted.find((codec) => !known.includes(codec));
  if (unknown !== undefined) {
    throw new BenchmarkError(`codec ${unknown} is not one of ${known.join(', ')}`, { exitCode: 2 });
  }
  return wanted;
}
