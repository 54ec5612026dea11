import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LineFile, MAX_BACKLOG_BYTES } from './line-file.ts';
import type { LineTarget } from './line-file.ts';
import { FullDisk } from './testing/full-disk.ts';

let folder = '';
let path = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gradcast-lines-'));
  path = join(folder, 'lines.jsonl');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const text = () => readFile(path, 'utf8');

describe('LineFile', () => {
  it('keeps what it is told to keep and appends behind it', async () => {
    await writeFile(path, 'one\ntwo\nthr');
    const file = await LineFile.open({ path, length: 8 });
    file.append('three');
    file.append('four');
    await file.close();
    expect(await text()).toBe('one\ntwo\nthree\nfour\n');
  });

  it('says which file cannot be opened', async () => {
    const missing = join(folder, 'no', 'lines');
    await expect(LineFile.open({ path: missing, length: 0 })).rejects.toMatchObject({ code: 'out-not-writable' });
  });

  it('writes every line whole and in order once a full disk has room again', async () => {
    const disk = new FullDisk(path, 10);
    const failures: string[] = [];
    let written = 0;
    const events = { failed: (error: Error) => failures.push(error.message), written: () => (written += 1) };
    const file = await LineFile.open({ path, length: 0, events, open: disk.open });
    file.append('0123456');
    await file.flush();
    expect(written).toBe(1);
    file.append('second line');
    await expect(file.flush()).rejects.toThrow('lines.jsonl cannot be written (ENOSPC)');
    file.append('third line');
    await expect(file.sync()).rejects.toMatchObject({ code: 'out-not-writable' });
    expect(failures.length).toBeGreaterThanOrEqual(2);
    // Part of the second line got onto the disk before it was full.
    expect(await text()).toBe('0123456\nse');
    disk.room = Infinity;
    await file.sync();
    expect(await text()).toBe('0123456\nsecond line\nthird line\n');
    expect(written).toBe(2);
    await file.close();
  });

  it('refuses lines beyond its bound instead of growing', async () => {
    const disk = new FullDisk(path, 0);
    const failures: string[] = [];
    const events = { failed: (error: Error) => failures.push(error.message), written: () => undefined };
    const file = await LineFile.open({ path, length: 0, events, open: disk.open });
    const line = 'x'.repeat(MAX_BACKLOG_BYTES / 2 - 1);
    expect([file.append(line), file.full]).toEqual([true, false]);
    expect([file.append(line), file.full]).toEqual([true, true]);
    expect(file.append('no more')).toBe(false);
    expect(failures).toContain(`${path} cannot be written as fast as the run goes`);
    disk.room = Infinity;
    await file.flush();
    expect(file.full).toBe(false);
    await file.close();
    expect((await text()).length).toBe(MAX_BACKLOG_BYTES);
  });

  it('reports a disk that takes lines but does not keep them', async () => {
    const target: LineTarget = {
      write: (_, __, length) => Promise.resolve({ bytesWritten: length }),
      truncate: () => Promise.resolve(),
      datasync: () => Promise.reject(Object.assign(new Error('broken'), { code: 'EIO' })),
      close: () => Promise.resolve(),
    };
    const file = await LineFile.open({ path, length: 0, open: () => Promise.resolve(target) });
    file.append('line');
    await expect(file.sync()).rejects.toThrow('cannot be written (EIO)');
  });
});
