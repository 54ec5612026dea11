/**
 * A data set that is too large to be held: it is read from the disk while the run goes, and a run whose files change ends
 * with a checkpoint and a sentence.
 */
import { once } from 'node:events';
import { mkdir, open, readdir, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { HELD_BYTES } from '@gradcast/dataset';
import { idxFile } from '@gradcast/dataset/testing';
import { readSummary, runsIn, Workbench } from '@gradcast/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

const COUNT = Math.ceil(HELD_BYTES / 784) + 1;
const HOW =
  '--preset dcgan --global-batch 32 --micro-batches 2 --backend wasm --workers 1 --no-samples --log-interval 1';

const QUICK = '--preset dcgan --steps 1 --backend wasm --no-samples --port 0 --metrics-port 0';

let bench: Workbench;
beforeAll(async () => {
  bench = await Workbench.create();
});
afterEach(() => bench.endProcesses());
afterAll(() => bench.remove());

/** Black images, which take no room on most disks. @returns their file. */
async function blackImages(folder: string, count: number): Promise<string> {
  const path = bench.path(folder, 'train-images-idx3-ubyte');
  await mkdir(bench.path(folder));
  await writeFile(path, idxFile([count, 28, 28], new Uint8Array(0)));
  const file = await open(path, 'r+');
  await file.truncate(16 + count * 784);
  await file.close();
  return path;
}

describe('a data set that is not held', () => {
  it('is trained on, and ends the run when it changes', async () => {
    const images = await blackImages('large', COUNT);
    const run = bench.start(`train ${HOW} --data large --steps 100000 --json`);
    await run.event('progress');
    await utimes(images, 1, 1);
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

  it('is not read to its end by a run that is stopped, which answers health checks until then', async () => {
    // 13 GB: some ten seconds.
    await blackImages('huge', 2 ** 24);
    const port = await freePort();
    const run = bench.start(`coordinator ${QUICK} --data huge --out stopped --health-port ${port}`);
    const ask = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).status;
    await expect.poll(() => ask('/healthz').catch(() => 0), { timeout: 60_000 }).toBe(200);
    expect(await ask('/readyz')).toBe(503);
    run.signal('SIGTERM');
    const { code, stderr } = await run.ended();
    expect(code, stderr).toBe(143);
    expect(stderr).toMatch(/stopped before the run began/);
    await expect(readdir(bench.path('stopped'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
