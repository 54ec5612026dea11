/** Training that goes wrong is told while it goes on, with what to try: to the terminal, as an event, to Prometheus. */
import { readEvents, runsIn, Workbench } from '@gradcast/testing';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';

/** A learning rate far too large: after some ten steps the discriminator is certain of all it sees, and stays so. */
const HOW =
  'train --preset classic --lr 1 --global-batch 1 --micro-batches 1 --steps 100000 --workers 1 --backend wasm --seed 5 --on-divergence skip';

/** Some 450 steps show it: 20 s of a core, minutes beside other work. */
const TRAINING_SECONDS = 600;

let bench: Workbench;
beforeAll(async () => {
  bench = await Workbench.create();
});
afterEach(() => bench.endProcesses());
afterAll(() => bench.remove());

it('is told when a run is in trouble', async () => {
  const run = bench.start(`${HOW} --no-samples --json --out runs`);
  const { metricsUrl } = await run.event('listening');
  const exported = async () => (await fetch(metricsUrl)).text();
  expect(await exported()).toContain('gradcast_trouble{trouble="overpowering-discriminator"} 0\n');
  const pattern =
    /^step [0-9]+: the discriminator tells real from generated with certainty.*; start again with a smaller --lr .*\(overpowering-discriminator\)$/;
  const said = await run.said(pattern, TRAINING_SECONDS);
  expect(await exported()).toContain('gradcast_trouble{trouble="overpowering-discriminator"} 1\n');
  run.signal('SIGTERM');
  expect((await run.ended()).code).toBe(143);
  const [folder] = await runsIn(bench.path('runs'));
  const troubles = (await readEvents(folder)).filter(({ type }) => type === 'trouble');
  const step = Number(/^step ([0-9]+)/.exec(said)?.[1]);
  expect(troubles.filter(({ trouble }) => trouble === 'overpowering-discriminator')[0]).toMatchObject({
    step,
    began: true,
  });
}, 800_000);
