/**
 * Runs of `gradcast train` on the `tutorial` preset, as benchmarks start them: two workers of one thread each.
 */
import { performance } from 'node:perf_hooks';
import { build } from '../bin/build.mjs';
import { BenchmarkError, gradcast } from './processes.mjs';

export const WORKERS = 2;
/** Images of a micro-batch, as the preset has them. */
export const MICRO_BATCH = 64;
const CODECS = ['f32', 'f16', 'bf16', 'int8'];

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
  const args = ['train', ...flags.split(' '), '--no-progress', '--json', '--out', out];
  const line = (await gradcast(args, { cores, onLine }))
    .split('\n')
    .find((text) => text.startsWith('{"type":"summary"'));
  if (!line) throw new BenchmarkError('gradcast train printed no summary');
  return JSON.parse(line);
}

/**
 * How many steps go before so many that are measured: JavaScript is compiled in them, which takes a tenth of their time and
 * nothing of that of the thousands that a training run has.
 */
export function warmUpOf(steps) {
  return Math.ceil(steps / 2);
}

/** One run's speed when it is warm: images a second over its last `steps` steps, rounded up to an even number. */
export async function trainWarm({ steps, perWorker, codec, out, cores }) {
  const warmUp = warmUpOf(steps);
  const last = 3 * warmUp;
  const marks = new Map();
  const onLine = (line) => {
    const { type, step } = JSON.parse(line);
    if (type === 'progress') marks.set(step, performance.now());
  };
  const flags = `${trainingFlags({ steps: last, perWorker, codec })} --log-interval ${warmUp}`;
  await gradcast(['train', ...flags.split(' '), '--json', '--out', out], { cores, onLine });
  const seconds = (marks.get(last) - marks.get(warmUp)) / 1000;
  if (!(seconds > 0)) throw new BenchmarkError('gradcast train told no progress');
  return ((last - warmUp) * WORKERS * perWorker * MICRO_BATCH) / seconds;
}

/** The codecs that this build's `--codec` knows; f32 alone where there is no such flag. */
export async function knownCodecs() {
  await build();
  const help = await gradcast(['train', '--help']);
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
