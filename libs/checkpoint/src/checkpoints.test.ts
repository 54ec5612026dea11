import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Checkpoint } from './checkpoint.ts';
import { Checkpoints, loadCheckpoint } from './checkpoints.ts';
import { encodeSafetensors } from './safetensors.ts';

let run = '';
let checkpoints: Checkpoints;
beforeEach(async () => {
  run = await mkdtemp(join(tmpdir(), 'gradcast-checkpoints-'));
  checkpoints = new Checkpoints(join(run, 'checkpoints'));
});
afterEach(() => rm(run, { recursive: true, force: true }));

const at = (step: number): Checkpoint => ({
  info: { step, config: {}, manifest: {}, profile: {}, incarnation: 1, ledger: { length: step, head: '' }, facts: {} },
  tensors: { parameters: { dtype: 'F32', shape: [4], data: new Float32Array(4).fill(step) } },
});

const steps = async (): Promise<number[]> => (await checkpoints.list()).map(({ step }) => step);

describe('Checkpoints', () => {
  it('lists newest first by number, not by name, and ignores what is not a checkpoint', async () => {
    expect(await checkpoints.list()).toEqual([]);
    for (const step of [0, 1_000_000, 999_999, 7]) await checkpoints.save(at(step));
    for (const name of ['step-7.safetensors', 'notes', '.tmp-1-step-000008.safetensors']) {
      await writeFile(join(checkpoints.folder, name), '');
    }
    expect(await steps()).toEqual([1_000_000, 999_999, 7, 0]);
    expect(checkpoints.path(469)).toMatch(/checkpoints.step-000469\.safetensors$/);
  });

  it('keeps the newest few and clears away what killed writers left', async () => {
    for (const step of [1, 2, 3, 4]) await checkpoints.save(at(step));
    await writeFile(join(checkpoints.folder, '.tmp-1-step-000005.safetensors'), 'half');
    expect(await checkpoints.keepLast(2)).toEqual([2, 1]);
    expect(await readdir(checkpoints.folder)).toEqual(['step-000003.safetensors', 'step-000004.safetensors']);
    expect(await checkpoints.keepLast(2)).toEqual([]);
    expect(await checkpoints.keepLast(0)).toEqual([]);
    expect(await steps()).toEqual([4, 3]);
    await expect(checkpoints.keepLast(-1)).rejects.toThrow(RangeError);
    await expect(checkpoints.keepLast(1.5)).rejects.toThrow(RangeError);
  });

  it('keeps what each of those few goes back to, where there is such', async () => {
    for (const step of [0, 10, 20, 25, 30, 31, 38]) await checkpoints.save(at(step));
    // 38 and 31 go back to 30; 30 itself to 20.
    expect(await checkpoints.keepLast(2, 10)).toEqual([25, 20, 10, 0]);
    expect(await steps()).toEqual([38, 31, 30]);
    for (const step of [20, 25, 29, 30]) await checkpoints.save(at(step));
    expect(await checkpoints.keepLast(3, 10)).toEqual([29, 25]);
    expect(await steps()).toEqual([38, 31, 30, 20]);
  });

  it('loads the newest', async () => {
    for (const step of [5, 12]) await checkpoints.save(at(step));
    expect(await checkpoints.loadNewest()).toEqual({ checkpoint: at(12), path: checkpoints.path(12), damaged: [] });
  });

  it('falls back to the one before a damaged one, and says so', async () => {
    for (const step of [5, 12, 13]) await checkpoints.save(at(step));
    await truncate(checkpoints.path(13), 100);
    const bytes = await readFile(checkpoints.path(12));
    bytes.writeUInt8(1, bytes.length - 1);
    await writeFile(checkpoints.path(12), bytes);
    const { checkpoint, damaged } = await checkpoints.loadNewest();
    expect(checkpoint).toEqual(at(5));
    expect(damaged.map(({ code }) => code)).toEqual(['checkpoint-truncated', 'checkpoint-corrupt']);
  });

  it('looks no further than it is told', async () => {
    for (const step of [2, 5, 9]) await checkpoints.save(at(step));
    expect((await checkpoints.loadNewest(8)).checkpoint).toEqual(at(5));
    expect((await checkpoints.loadNewest(2)).checkpoint).toEqual(at(2));
    await expect(checkpoints.loadNewest(1)).rejects.toMatchObject({ code: 'checkpoint-missing' });
  });

  it('sets aside what is newer than the step a run is taken up at', async () => {
    for (const step of [2, 5, 9]) await checkpoints.save(at(step));
    expect(await checkpoints.setAsideAfter(2)).toEqual([9, 5]);
    expect(await steps()).toEqual([2]);
    expect(await readdir(checkpoints.folder)).toContain('step-000009.safetensors.abandoned');
    expect(await checkpoints.setAsideAfter(2)).toEqual([]);
    await checkpoints.save(at(5));
    expect(await checkpoints.keepLast(1)).toEqual([2]);
  });

  it('refuses when none is sound, and when there is none', async () => {
    await expect(checkpoints.loadNewest()).rejects.toMatchObject({ code: 'checkpoint-missing' });
    await checkpoints.save(at(1));
    await truncate(checkpoints.path(1), 5);
    await expect(checkpoints.loadNewest()).rejects.toMatchObject({ code: 'checkpoint-truncated' });
  });

  it('does not fall back behind a checkpoint of a newer version', async () => {
    await checkpoints.save(at(1));
    const metadata = { format: '2', sha256: '0'.repeat(64) };
    await writeFile(checkpoints.path(2), Buffer.concat(encodeSafetensors({ tensors: {}, metadata })));
    await expect(checkpoints.loadNewest()).rejects.toMatchObject({ code: 'checkpoint-format' });
  });

  it('cannot save where a file is in the way', async () => {
    await writeFile(checkpoints.folder, '');
    await expect(checkpoints.save(at(1))).rejects.toMatchObject({ code: 'checkpoint-write' });
  });
});

describe('loadCheckpoint', () => {
  it('takes a run folder or a file', async () => {
    await checkpoints.save(at(3));
    expect((await loadCheckpoint(run)).checkpoint).toEqual(at(3));
    expect((await loadCheckpoint(checkpoints.path(3))).checkpoint).toEqual(at(3));
  });

  it('refuses what is not there', async () => {
    await expect(loadCheckpoint(join(run, 'nowhere'))).rejects.toMatchObject({ code: 'run-missing' });
    await mkdir(join(run, 'empty'));
    await expect(loadCheckpoint(join(run, 'empty'))).rejects.toMatchObject({ code: 'checkpoint-missing' });
  });
});
