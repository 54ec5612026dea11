/** `gradcast train --for`: a real run that is measured, planned, stopped half way and resumed to the bits of its number of steps. */
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { hashesOf, readSummary, runsIn, Workbench } from '@gradcast/testing';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';

const RUN =
  '--preset dcgan --seed 5 --global-batch 16 --micro-batches 1 --workers 1 --backend wasm --lr-schedule linear ' +
  '--log-interval 1 --json --no-samples';

let bench: Workbench;
beforeAll(async () => {
  bench = await Workbench.create();
});
afterEach(() => bench.endProcesses());
afterAll(() => bench.remove());

it('plans a run of so many steps, whose bits do not depend on the clock any more', async () => {
  const run = bench.start(`train ${RUN} --for 60s --out timed`);
  await run.step(2);
  const [folder] = await runsIn(bench.path('timed'));
  run.signal('SIGTERM');
  const { code, stdout, stderr } = await run.ended();
  expect(code, stderr).toBe(143);
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string; steps: number });
  const { steps } = lines.find(({ type }) => type === 'planned')!;
  expect(stderr).toMatch(
    new RegExp(`measuring how many steps fit into 60 s\nabout ${steps} steps in 60 s, at \\d+ images/s`),
  );
  expect(await runsIn(bench.path('timed'))).toEqual([folder]);
  expect(await readSummary(folder)).toMatchObject({
    status: 'stopped',
    targetSteps: steps,
    lrSchedule: 'linear',
    decayToImages: 16 * steps,
  });
  expect((await readdir(tmpdir())).filter((name) => name.startsWith('gradcast-measuring-'))).toEqual([]);

  // How far a machine comes in a minute is no matter of this test: a few steps more, of the same schedule.
  const some = (await readSummary(folder)).steps + 4;
  const resumed = await bench.run(`train --resume ${folder} --workers 1 --backend wasm --no-samples --steps ${some}`);
  expect(resumed.code, resumed.stderr).toBe(0);
  const again = await bench.run(
    `train ${RUN} --steps ${some} --decay-from-images 0 --decay-to-images ${16 * steps} --out again`,
  );
  expect(again.code, again.stderr).toBe(0);
  const [other] = await runsIn(bench.path('again'));
  expect(hashesOf(await readSummary(folder))).toEqual(hashesOf(await readSummary(other)));
});
