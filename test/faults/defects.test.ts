/** A failure of the coordinator itself that nobody foresaw: the run ends with a checkpoint and a sentence, and goes on later. */
import { writeFile } from 'node:fs/promises';
import { checkpointSteps, readSummary, runsIn, Workbench } from '@gradcast/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';

const RUN = '--preset dcgan --seed 3 --global-batch 64 --micro-batches 4 --steps 500 --backend wasm --no-samples';
/** A defect on demand: an exception in a callback of the process, as any timer could throw one. */
const DEFECT = `process.on('SIGUSR2', () => { throw new RangeError('nobody foresaw this'); });\n`;

let bench: Workbench;
beforeAll(async () => {
  bench = await Workbench.create();
});
afterAll(() => bench.remove());

it.skipIf(process.platform === 'win32')('a defect of the coordinator ends its run with a checkpoint', async () => {
  await writeFile(bench.path('defect.mjs'), DEFECT);
  const args = `train ${RUN} --workers 1 --log-interval 1 --json --save-seconds 3600 --out runs`;
  const run = bench.start(args, { NODE_OPTIONS: `--import ${bench.path('defect.mjs')}` });
  await run.step(3);
  process.kill(run.child('coordinator').pid, 'SIGUSR2');
  const { code, stderr } = await run.ended();
  expect([code, run.output]).toEqual([1, expect.stringContaining('a defect of the coordinator ended the run')]);
  expect(stderr).not.toMatch(/^\s+at /m);
  const [folder] = await runsIn(bench.path('runs'));
  const { status, steps } = await readSummary(folder);
  expect([status, steps >= 3]).toEqual(['failed', true]);
  expect(await checkpointSteps(folder)).toContain(steps);
  const verified = await bench.run(['verify', folder]);
  expect(verified.code, verified.stderr).toBe(0);
});
