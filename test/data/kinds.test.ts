/**
 * One data set as idx files, as `.npy` files and as a folder of PNG images: each gives the same digest and the same bits, so
 * a run goes on with another kind than it began with.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadDataset, wholeColumn } from '@gradcast/dataset';
import { idxFile, npyFile, pngFile } from '@gradcast/dataset/testing';
import { hashesOf, readSummary, runsIn, Workbench } from '@gradcast/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

const COUNT = 96;
const HOW = '--preset dcgan --global-batch 32 --micro-batches 2 --seed 4 --backend wasm --workers 1 --no-samples';

let bench: Workbench;
beforeAll(async () => {
  bench = await Workbench.create();
  await writeKinds();
});
afterEach(() => bench.endProcesses());
afterAll(() => bench.remove());

/** The first images of MNIST, sorted by label as folders sort them. */
async function writeKinds(): Promise<void> {
  const mnist = await loadDataset();
  const allLabels = wholeColumn(mnist.labels!).subarray(0, COUNT);
  const order = [...allLabels.keys()].sort((a, b) => allLabels[a] - allLabels[b] || a - b);
  const pixels = mnist.inputs.read(order) as Uint8Array;
  const labels = Uint8Array.from(order, (index) => allLabels[index]);
  for (const kind of ['idx', 'npy', 'png']) await mkdir(bench.path(kind));
  await writeFile(bench.path('idx', 'train-images-idx3-ubyte'), idxFile([COUNT, 28, 28], pixels));
  await writeFile(bench.path('idx', 'train-labels-idx1-ubyte'), idxFile([COUNT], labels));
  await writeFile(bench.path('npy', 'images.npy'), npyFile({ dtype: '|u1', shape: [COUNT, 28, 28] }, pixels));
  await writeFile(bench.path('npy', 'labels.npy'), npyFile({ dtype: '|u1', shape: [COUNT] }, labels));
  for (const [i, label] of labels.entries()) {
    const image = { shape: [28, 28, 1] as const, pixels: pixels.subarray(784 * i, 784 * (i + 1)) };
    await mkdir(bench.path('png', `${label}`), { recursive: true });
    // Not in the order of the names, and with filters as encoders choose them.
    const filters = Array.from({ length: 28 }, (_, y) => (i + y) % 5);
    await writeFile(bench.path('png', `${label}`, `${String(i).padStart(4, '0')}.png`), pngFile({ ...image, filters }));
  }
}

/** @param where `--out` or `--resume`. */
async function train(data: string, steps: number, where: string): Promise<void> {
  const { code, stderr } = await bench.run(`train ${HOW} --data ${data} --steps ${steps} ${where}`);
  expect(code, stderr).toBe(0);
}

/** @returns the folder of a run of four steps. */
async function trained(data: string): Promise<string> {
  await train(data, 4, `--out ${data}-runs`);
  return (await runsIn(bench.path(`${data}-runs`)))[0];
}

async function digestOf(run: string): Promise<unknown> {
  return (JSON.parse(await readFile(join(run, 'config.json'), 'utf8')) as { dataset: unknown }).dataset;
}

describe('a data set', () => {
  it('trains to the same bits as idx files, .npy files and PNG images', async () => {
    const runs = { idx: await trained('idx'), npy: await trained('npy'), png: await trained('png') };
    const expected = hashesOf(await readSummary(runs.idx));
    for (const run of [runs.npy, runs.png]) {
      expect(hashesOf(await readSummary(run))).toEqual(expected);
      expect(await digestOf(run)).toBe(await digestOf(runs.idx));
    }

    await train('png', 6, `--resume ${runs.idx}`);
    await train('npy', 6, `--resume ${runs.npy}`);
    expect(await readSummary(runs.idx)).toMatchObject({ steps: 6, ...hashesOf(await readSummary(runs.npy)) });
  });
});
