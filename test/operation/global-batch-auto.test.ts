/** `gradcast train --global-batch auto`: workers are measured once, and from then on the run is one of so many micro-batches. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hashesOf, readSummary, runsIn, Workbench } from '@gradcast/testing';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';

/** A step of this costs more than its gradients, so two workers are given more than a micro-batch each. */
const TASK = `
import { defineTask, fields, layers, softmaxCrossEntropy } from 'gradcast';
const images = fields.images('images', { shape: [28, 28, 1] });
const labels = fields.labels('labels', { classes: 10 });
export default defineTask({
  name: 'linear',
  fields: [images, labels],
  networks: { linear: { input: [28, 28, 1], layers: [layers.reshape([784]), layers.dense(10)] } },
  optimizer: { learningRate: 1e-3 },
  microBatch: 4,
  microBatches: 1,
  defaultSteps: 10,
  scalars: { loss: { low: 0 } },
  async step({ fields: { images, labels }, networks: { linear } }) {
    const scores = linear.forward(images);
    const { loss, seed } = await softmaxCrossEntropy(scores, labels);
    linear.backward(scores, seed);
    return { loss };
  },
});
`;
const HOW = '--workers 2 --backend wasm --no-samples';
const RUN = `--task linear.ts --seed 5 ${HOW}`;

let bench: Workbench;
beforeAll(async () => {
  bench = await Workbench.create();
  await writeFile(bench.path('linear.ts'), TASK);
});
afterEach(() => bench.endProcesses());
afterAll(() => bench.remove());

it('measures once, keeps M in the run, and ends with the bits of a run of that batch', async () => {
  const { code, stdout, stderr } = await bench.run(`train ${RUN} --global-batch auto --steps 2 --json --out auto`);
  expect(code, stderr).toBe(0);
  expect(stderr).toMatch(/^measuring 2 workers to choose a global batch$/m);
  const lines = stdout.trim().split('\n');
  const told = lines.map((line) => JSON.parse(line) as { type: string; globalBatch: number; microBatches: number });
  const { globalBatch, microBatches } = told.find(({ type }) => type === 'batch')!;
  expect(stderr).toContain(`--global-batch ${globalBatch},`);
  expect(microBatches).toBeGreaterThan(2);

  const [folder] = await runsIn(bench.path('auto'));
  expect(JSON.parse(await readFile(join(folder, 'config.json'), 'utf8'))).toMatchObject({ microBatches });
  const batch = { globalBatch, microBatches, microBatchSize: globalBatch / microBatches };
  expect(await readSummary(folder)).toMatchObject({ ...batch, steps: 2, images: 2 * globalBatch });

  const resumed = await bench.run(`train --resume ${folder} ${HOW} --steps 3`);
  expect(resumed.code, resumed.stderr).toBe(0);
  expect(resumed.stderr).not.toContain('measuring');
  const summary = await readSummary(folder);
  expect(summary).toMatchObject({ ...batch, steps: 3, images: 3 * globalBatch, exact: true });

  const again = await bench.run(`train ${RUN} --global-batch ${globalBatch} --steps 3 --out by-hand`);
  expect(again.code, again.stderr).toBe(0);
  const [other] = await runsIn(bench.path('by-hand'));
  expect(hashesOf(await readSummary(other))).toEqual(hashesOf(summary));
});
