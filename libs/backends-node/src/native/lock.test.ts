import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withLock } from './lock.ts';

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gradcast-lock-'));
  path = join(folder, 'lock');
});
afterEach(() => rm(folder, { recursive: true }));

describe('withLock', () => {
  it('never runs two pieces of work at once', async () => {
    let inside = 0;
    let most = 0;
    let waited = 0;
    const work = async () => {
      most = Math.max(most, (inside += 1));
      for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      inside -= 1;
    };
    const options = { pollMs: 1, onWait: () => void (waited += 1) };
    await Promise.all(Array.from({ length: 6 }, () => withLock(path, options, work)));
    expect(most).toBe(1);
    expect(waited).toBe(5);
    expect(await readdir(folder)).toEqual([]);
  });

  it('is freed when the work fails', async () => {
    await expect(withLock(path, {}, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await readdir(folder)).toEqual([]);
  });

  it('is taken at once from a process that died', async () => {
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    await writeFile(path, `${pid} ${hostname()} 00\n`);
    await expect(withLock(path, { pollMs: 1, staleMs: 1e9, limitMs: 1e9 }, () => Promise.resolve(7))).resolves.toBe(7);
  });

  it('is taken from an owner elsewhere that stopped touching it', async () => {
    await writeFile(path, `1 another-host 00\n`);
    await expect(withLock(path, { pollMs: 1, staleMs: 30, limitMs: 1e9 }, () => Promise.resolve(7))).resolves.toBe(7);
  });

  it('is left to a living owner, up to the limit', async () => {
    await writeFile(path, `${process.pid} ${hostname()} 00\n`);
    const attempt = withLock(path, { pollMs: 1, limitMs: 20 }, () => Promise.resolve());
    await expect(attempt).rejects.toMatchObject({ code: 'install-locked' });
    expect(await readdir(folder)).toEqual(['lock']);
  });

  it('stops waiting when its caller gives up', async () => {
    await writeFile(path, `${process.pid} ${hostname()} 00\n`);
    const attempt = withLock(path, { signal: AbortSignal.timeout(10) }, () => Promise.resolve());
    await expect(attempt).rejects.toMatchObject({ code: 'install-interrupted' });
  });
});
