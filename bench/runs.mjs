/**
 * Short real runs of the `tutorial` preset on this machine, with one and two workers and one to four micro-batches of 64
 * images for each of them: the measurements that a model of cost is fitted to. The table goes to stderr, JSON to stdout;
 * about three minutes.
 *
 *     npm run bench:runs [-- --rounds 3] [--steps 30] [--backend tensorflow]
 */
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { startProcess, withCleanUp } from './forked.mjs';
import {
  choicesFlag,
  countFlag,
  flagArguments,
  machine,
  median,
  orderOf,
  printTable,
  root,
  round,
  scratchFolder,
} from './report.mjs';

const IMAGES = 64;
const WORKERS = [1, 2];
const LEAVES_OF_EACH = [1, 2, 4];

const flags = flagArguments({
  rounds: countFlag('rounds', 3),
  steps: countFlag('steps', 30),
  backend: choicesFlag('backend', ['tensorflow', 'wasm', 'cuda', 'webgpu'], ['tensorflow']),
});

const scratch = await scratchFolder();
await withCleanUp(main, () => rm(scratch, { recursive: true, force: true }));

async function main() {
  const before = machine();
  const settings = WORKERS.flatMap((workers) => LEAVES_OF_EACH.map((leaves) => ({ workers, leaves })));
  const times = new Map(settings.map((setting) => [setting, []]));
  for (let index = 0; index < flags.rounds; index++) {
    for (const setting of orderOf(settings, index)) times.get(setting).push(await run(setting, index));
    console.error(`round ${index + 1} of ${flags.rounds}`);
  }
  const runs = settings.map(({ workers, leaves }, place) => ({
    workers,
    microBatches: workers * leaves,
    microBatchSize: IMAGES,
    codec: 'f32',
    msPerStep: round(median(times.get(settings[place]).map(({ msPerStep }) => msPerStep))),
    // Of the rounds the least: workers that brought results.
    workersUsed: Math.min(...times.get(settings[place]).map(({ workersUsed }) => workersUsed)),
  }));
  printTable([
    ['workers', 'used', 'micro-batches', 'ms a step', 'images/s'],
    ...runs.map((run) => [
      run.workers,
      run.workersUsed,
      run.microBatches,
      run.msPerStep.toFixed(1),
      ((1000 * run.microBatches * IMAGES) / run.msPerStep).toFixed(0),
    ]),
  ]);
  const { rounds, steps, backend } = flags;
  console.log(
    JSON.stringify({ preset: 'tutorial', backend: backend[0], rounds, steps, machine: before, runs }, null, 2),
  );
}

/** One run; its first step, in which workers get the state, is not counted. */
async function run({ workers, leaves }, index) {
  const out = join(scratch, `${workers}-${leaves}-${index}`);
  const batch = workers * leaves * IMAGES;
  const text =
    `train --preset tutorial --workers ${workers} --threads 1 --backend ${flags.backend[0]} --steps ${flags.steps} ` +
    `--micro-batches ${workers * leaves} --global-batch ${batch} --no-samples --save-seconds 0 --no-progress ` +
    `--min-workers ${workers} --out ${out}`;
  const { ended } = startProcess(join(root, 'bin', 'gradcast.mjs'), { args: text.split(' '), quiet: true });
  const exitCode = await ended;
  if (exitCode !== 0) throw new Error(`gradcast ${text} ended with exit code ${exitCode}`);
  const [folder] = await readdir(out);
  const { imagesPerSecond, workers: workersUsed } = JSON.parse(
    await readFile(join(out, folder, 'summary.json'), 'utf8'),
  );
  return { msPerStep: (1000 * batch) / imagesPerSecond, workersUsed };
}
