/**
 * A data set that is too large to be held: it is read from the disk while the run goes, and a run whose files change ends
 * with a checkpoint and a sentence.
 */
import { mkdir, open, utimes, writeFile } from 'node:fs/promises';
import { HELD_BYTES } from '@gradcast/dataset';
import { idxFile } from '@gradcast/dataset/testing';
import { readSummary, runsIn, Workbench } from '@gradcast/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

const COUNT = Math.ceil(HELD_BYTES / 784) + 1;
const HOW =
  '--preset mnist --global-batch 32 --micro-batches 2 --backend wasm --workers 1 --no-samples --log-interval 1';

let bench: Workbench;
beforeAll(async () => {
  bench = await Workbench.create();
  await mkdir(bench.path('large'));
  await writeFile(images(), idxFile([COUNT, 28, 28], new Uint8Array(0)));
  // Black images that take no room on most disks.
  const file = await open(images(), 'r+');
  await file.truncate(16 + COUNT * 784);
  await file.close();
});
afterEach(() => bench.endProcesses());
afterAll(() => bench.remove());

const images = () => bench.path('large', 'train-images-idx3-ubyte');

describe('a data set that is not held', () => {
  it('is trained on, and ends the run when it changes', async () => {
    const run = bench.start(`train ${HOW} --data large --steps 100000 --json`);
    await run.event('progress');
    await utimes(images(), 1, 1);
    const { code, stderr } = await run.ended();
    expect(code, stderr).toBe(1);
    expect(stderr).toMatch(/train-images-idx3-ubyte was changed while it was read/);
    const [folder] = await runsIn(bench.path('runs'));
    const summary = await readSummary(folder);
    expect(summary).toMatchObject({ status: 'failed' });
    expect(summary.steps).toBeGreaterThan(0);

    // The bytes are the same after all, so the run goes on from the checkpoint that it ended with.
    const resumed = await bench.run(`train --resume ${folder} --steps ${summary.steps + 1} --backend wasm --workers 1`);
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(resumed.stderr).toMatch(new RegExp(`resumed from step ${summary.steps}$`, 'm'));
    expect(await readSummary(folder)).toMatchObject({ status: 'completed', steps: summary.steps + 1 });
  });
});
