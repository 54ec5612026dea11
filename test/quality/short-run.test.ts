/** A short run draws better than one that has hardly begun, and as well as it is known to. */
import { runsIn, Workbench } from '@gradcast/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';

const HOW = '--workers 2 --backend wasm --no-samples';
const COUNT = 2000;
/** Judge 0, seed 5, 240 steps of 64 images: 237.4. On `wasm` it is so everywhere; another order of sums may move it a little. */
const BAND = [190, 285] as const;

let bench: Workbench;
beforeAll(async () => {
  bench = await Workbench.create();
});
afterAll(() => bench.remove());

it('comes nearer to real digits, to a known distance', async () => {
  const distances: number[] = [];
  let flags = '--preset mnist --global-batch 64 --micro-batches 4 --seed 5 --out runs';
  for (const steps of [1, 10, 240]) {
    const { code, stderr } = await bench.run(`train ${flags} --steps ${steps} ${HOW}`);
    expect(code, stderr).toBe(0);
    const [run] = await runsIn(bench.path('runs'));
    distances.push(await distanceOf(run));
    flags = `--resume ${run}`;
  }
  const [untrained, begun, trained] = distances;
  expect(untrained).toBeGreaterThan(450);
  expect(begun).toBeGreaterThan(450);
  expect(trained).toBeGreaterThan(BAND[0]);
  expect(trained).toBeLessThan(BAND[1]);
}, 600_000);

async function distanceOf(run: string): Promise<number> {
  const { code, stdout, stderr } = await bench.run(`evaluate ${run} --count ${COUNT} --json`);
  expect(code, stderr).toBe(0);
  const { judges } = JSON.parse(stdout) as { judges: { scores: { frechet: number } }[] };
  return judges[0].scores.frechet;
}
