/** Runs of `gradcast train`: two workers of one thread each, on the `tutorial` preset unless something else is said. */
import { performance } from 'node:perf_hooks';
import type { ChildMessage, Progress, Summary } from '@gradcast/config';
import type { PresetName } from '@gradcast/gan';
import { CODECS } from '@gradcast/protocol';
import type { CodecName } from '@gradcast/protocol';
import { choices } from './arguments.ts';
import { BenchmarkError } from './errors.ts';
import type { Harness } from './harness.ts';

export const WORKERS = 2;
/** Images of a micro-batch, as the preset has them. */
export const MICRO_BATCH = 64;

/** A line that the command prints with `--json`. */
type JsonLine =
  | Extract<ChildMessage, { type: 'listening' }>
  | ({ readonly type: 'progress' } & Progress)
  | ({ readonly type: 'summary' } & Summary);

/** Reads such a line. */
export function jsonLine(line: string): JsonLine {
  return JSON.parse(line) as JsonLine;
}

/** What is trained, and with what. */
export interface Subject {
  readonly preset: PresetName;
  /** Images of a micro-batch. */
  readonly microBatch: number;
  /** As `--backend` takes it. */
  readonly backend: string;
}

const TUTORIAL: Subject = { preset: 'tutorial', microBatch: MICRO_BATCH, backend: 'tensorflow' };

export interface Size {
  readonly steps: number;
  /** Micro-batches that each worker computes of a step, 1 by default. */
  readonly perWorker?: number;
  readonly codec?: CodecName;
  readonly subject?: Subject;
}

/** How the processes of a run are started. */
export interface Placement {
  readonly cores: readonly number[] | undefined;
}

/** The flag of benchmarks that compare codecs. */
export const codecsFlag = choices<CodecName>(CODECS, 'codecs');

/** The flags of a run. */
export function trainingFlags({ steps, perWorker = 1, codec = 'f32', subject = TUTORIAL }: Size): string {
  const { preset, microBatch, backend } = subject;
  const microBatches = WORKERS * perWorker;
  const flags =
    `--preset ${preset} --workers ${WORKERS} --threads 1 --global-batch ${microBatches * microBatch} ` +
    `--micro-batches ${microBatches} --steps ${steps} --backend ${backend} --no-samples`;
  // f32 is what a run has without the flag.
  return codec === 'f32' ? flags : `${flags} --codec ${codec}`;
}

/** One run; resolves with its summary. `onListening` gets the address of the coordinator's metrics. */
export async function train(
  harness: Harness,
  flags: string,
  { cores, onListening }: Partial<Placement> & { readonly onListening?: (metricsUrl: string) => void } = {},
): Promise<Summary> {
  const onLine = (line: string) => {
    const message = jsonLine(line);
    if (message.type === 'listening') onListening?.(message.metricsUrl);
  };
  const args = ['train', ...flags.split(' '), '--no-progress', '--json', '--out', harness.folder];
  const lines = (await harness.gradcast(args, { cores, onLine })).trim().split('\n').map(jsonLine);
  const summary = lines.find((message) => message.type === 'summary');
  if (!summary) throw new BenchmarkError('gradcast train printed no summary');
  return summary;
}

/**
 * How many steps go before so many that are measured: JavaScript is compiled in them, which takes a tenth of their time and
 * nothing of that of the thousands that a training run has.
 */
export function warmUpOf(steps: number): number {
  return Math.ceil(steps / 2);
}

/** One run's speed when it is warm: images a second over its last `steps` steps, rounded up to an even number. */
export async function trainWarm(
  harness: Harness,
  { steps, perWorker = 1, codec, subject = TUTORIAL }: Size,
  { cores }: Placement,
): Promise<number> {
  const warmUp = warmUpOf(steps);
  const last = 3 * warmUp;
  const marks = new Map<number, number>();
  const onLine = (line: string) => {
    const message = jsonLine(line);
    if (message.type === 'progress') marks.set(message.step, performance.now());
  };
  const flags = `${trainingFlags({ steps: last, perWorker, codec, subject })} --log-interval ${warmUp}`;
  await harness.gradcast(['train', ...flags.split(' '), '--json', '--out', harness.folder], { cores, onLine });
  const [begin, end] = [marks.get(warmUp), marks.get(last)];
  if (begin === undefined || end === undefined || begin === end) {
    throw new BenchmarkError('gradcast train told no progress');
  }
  return ((last - warmUp) * WORKERS * perWorker * subject.microBatch * 1000) / (end - begin);
}
