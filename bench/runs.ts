/**
 * Short real runs of the `tutorial` preset on this machine, with one and two workers and one to four micro-batches of 64
 * images for each of them: the measurements that a model of cost is fitted to.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Summary } from '@gradcast/config';
import { choice, count } from './harness/arguments.ts';
import { defineBenchmark } from './harness/benchmark.ts';
import type { Harness } from './harness/harness.ts';
import { machine } from './harness/machine.ts';
import { printTable, tell } from './harness/report.ts';
import { median, orderOf, round } from './harness/statistics.ts';

const IMAGES = 64;
const WORKERS = [1, 2];
const LEAVES_OF_EACH = [1, 2, 4];

interface Setting {
  readonly workers: number;
  readonly leaves: number;
}

/** What a run tells. */
interface Outcome {
  readonly msPerStep: number;
  readonly workersUsed: number;
}

/** What `bench:cost-model` reads of a report. */
export interface MeasuredRun extends Outcome {
  readonly workers: number;
  readonly microBatches: number;
}

export const benchmark = defineBenchmark({
  name: 'runs',
  shows: 'Milliseconds a step of short real runs, by workers and micro-batches: what bench:cost-model is fitted to.',
  lasts: 'about three minutes',
  words: {},
  flags: {
    rounds: count(3, 'rounds'),
    steps: count(30, 'steps of a run'),
    backend: choice(['tensorflow', 'wasm', 'cuda', 'webgpu'], 'tensorflow', 'backend'),
  },
  run: async (harness, { rounds, steps, backend }) => {
    const before = machine();
    const settings = WORKERS.flatMap((workers) => LEAVES_OF_EACH.map((leaves) => ({ workers, leaves })));
    const outcomes = settings.map((setting) => ({ setting, found: [] as Outcome[] }));
    for (let index = 0; index < rounds; index++) {
      for (const { setting, found } of orderOf(outcomes, index)) {
        found.push(await run(harness, setting, { steps, backend }));
      }
      tell(`round ${index + 1} of ${rounds}`);
    }
    const runs = outcomes.map(({ setting: { workers, leaves }, found }) => ({
      workers,
      microBatches: workers * leaves,
      microBatchSize: IMAGES,
      codec: 'f32',
      msPerStep: round(median(found.map(({ msPerStep }) => msPerStep))),
      // Of the rounds the least: workers that brought results.
      workersUsed: Math.min(...found.map(({ workersUsed }) => workersUsed)),
    }));
    printTable([
      ['workers', 'used', 'micro-batches', 'ms a step', 'images/s'],
      ...runs.map(({ workers, workersUsed, microBatches, msPerStep }) => [
        workers,
        workersUsed,
        microBatches,
        msPerStep.toFixed(1),
        ((1000 * microBatches * IMAGES) / msPerStep).toFixed(0),
      ]),
    ]);
    return { preset: 'tutorial', backend, rounds, steps, machine: before, runs };
  },
});

/** One run; its first step, in which workers get the state, is not counted. */
async function run(
  harness: Harness,
  { workers, leaves }: Setting,
  { steps, backend }: { readonly steps: number; readonly backend: string },
): Promise<Outcome> {
  const out = await harness.makeFolder('runs');
  const batch = workers * leaves * IMAGES;
  const flags =
    `--preset tutorial --workers ${workers} --threads 1 --backend ${backend} --steps ${steps} ` +
    `--micro-batches ${workers * leaves} --global-batch ${batch} --no-samples --save-seconds 0 --no-progress ` +
    `--min-workers ${workers} --out ${out}`;
  await harness.gradcast(['train', ...flags.split(' ')]);
  const [folder] = await readdir(out);
  const summary = JSON.parse(await readFile(join(out, folder, 'summary.json'), 'utf8')) as Summary;
  return { msPerStep: (1000 * batch) / summary.imagesPerSecond, workersUsed: summary.workers };
}
