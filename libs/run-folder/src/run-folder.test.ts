import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CreateRunOptions } from './run-folder.ts';
import { listRuns, readRun, REPORT, RunFolder } from './run-folder.ts';

let out = '';
beforeEach(async () => {
  out = await mkdtemp(join(tmpdir(), 'gradcast-runs-'));
});
afterEach(() => rm(out, { recursive: true, force: true }));

const options = (changes: Partial<CreateRunOptions> = {}): CreateRunOptions => ({
  out,
  preset: 'mnist',
  config: { preset: 'mnist' },
  now: () => Date.UTC(2026, 10, 23, 4, 48, 12, 345),
  random: () => 0x4f2a / 0x10000,
  ...changes,
});

const NAME = 'step-000000.safetensors';

describe('RunFolder', () => {
  it('is named for its start, preset and a random part', async () => {
    const run = await RunFolder.create(options());
    expect(run.id).toBe('20261123-044812-mnist-4f2a');
    expect(await readRun(run.path)).toEqual({ config: { preset: 'mnist' }, summary: undefined });
    expect((await readdir(run.path)).sort()).toEqual(['config.json', 'lock']);
    await run.release();
  });

  it('sorts by time even within a second and after a small step back of the clock', async () => {
    const times = [12_000, 12_001, 12_999, 9_000, 500_000];
    const ids: string[] = [];
    for (const [index, time] of times.entries()) {
      const run = await RunFolder.create(options({ now: () => time, random: () => 1 - (index + 1) / 8 }));
      ids.push(run.id);
    }
    expect([...ids].sort()).toEqual(ids);
    expect((await listRuns(out)).map(({ id }) => id)).toEqual(ids.reverse());
  });

  it('takes another random part when the name is taken', async () => {
    const numbers = [0, 0.5];
    await mkdir(join(out, '20261123-044812-mnist-0000'));
    // A far older clock cannot be sorted in, so the second is kept and only the random part differs.
    await mkdir(join(out, '20270101-000000-mnist-0000'));
    const run = await RunFolder.create(options({ random: () => numbers.shift() ?? 0 }));
    expect(run.id).toBe('20261123-044812-mnist-8000');
    await expect(RunFolder.create(options({ random: () => 0.5 }))).rejects.toMatchObject({ code: 'out-not-writable' });
  });

  it('refuses an out that is a file, lies in one, or cannot be written', async () => {
    const file = join(out, 'file');
    await writeFile(file, 'mine');
    for (const path of [file, join(file, 'below')]) {
      await expect(RunFolder.create(options({ out: path }))).rejects.toMatchObject({ code: 'out-not-a-folder' });
    }
    expect(await readFile(file, 'utf8')).toBe('mine');
    await expect(RunFolder.create(options({ out: '/proc/gradcast' }))).rejects.toMatchObject({
      code: 'out-not-writable',
    });
  });

  it('can be opened by one owner at a time', async () => {
    const run = await RunFolder.create(options());
    await expect(RunFolder.open(run.path)).rejects.toMatchObject({ code: 'run-locked' });
    await run.release();
    const again = await RunFolder.open(run.path);
    expect(again.id).toBe(run.id);
    await again.release();
  });

  it('is removed with all that was made for it if it never got a checkpoint', async () => {
    const below = join(out, 'new', 'runs');
    const run = await RunFolder.create(options({ out: below }));
    await run.startIncarnation();
    const saved = await RunFolder.create(options({ out: below, random: () => 0 }));
    await mkdir(saved.checkpoints.folder);
    await writeFile(saved.checkpoints.path(0), '');
    await run.releaseOrRemove();
    expect(await readdir(below)).toEqual([saved.id]);
    await saved.releaseOrRemove();
    expect(await readdir(below)).toEqual([saved.id]);
    await rm(saved.path, { recursive: true });
    const last = await RunFolder.create(options({ out: join(below, 'a', 'b') }));
    await last.releaseOrRemove();
    expect(await readdir(below)).toEqual([]);
    expect(await readdir(out)).toEqual(['new']);
  });

  it.each<[string, (checkpoints: string) => Promise<unknown>]>([
    ['cannot be listed', (folder) => rename(folder, `${folder}-away`).then(() => symlink('checkpoints', folder))],
    ['hold one that was set aside', (folder) => rename(join(folder, NAME), join(folder, `${NAME}.abandoned`))],
  ])('is never removed if its checkpoints %s', async (_, hide) => {
    const run = await RunFolder.create(options());
    await mkdir(run.checkpoints.folder);
    await writeFile(run.checkpoints.path(0), '');
    await hide(run.checkpoints.folder);
    await run.releaseOrRemove();
    expect(await readdir(out)).toEqual([run.id]);
  });

  it('stays if it was there before, checkpoint or not', async () => {
    const run = await RunFolder.create(options());
    await run.release();
    const again = await RunFolder.open(run.path);
    await again.releaseOrRemove();
    expect((await listRuns(out)).map(({ id }) => id)).toEqual([run.id]);
    await (await RunFolder.open(run.path)).release();
  });

  it('refuses a folder that is no run', async () => {
    await expect(RunFolder.open(join(out, 'nowhere'))).rejects.toMatchObject({ code: 'run-missing' });
    await expect(RunFolder.open(out)).rejects.toMatchObject({ code: 'run-missing' });
    await expect(readRun(out)).rejects.toMatchObject({ code: 'run-missing' });
    await expect(listRuns(join(out, 'nowhere'))).resolves.toEqual([]);
    await writeFile(join(out, 'file'), '');
    await expect(listRuns(join(out, 'file'))).rejects.toMatchObject({ code: 'out-not-a-folder' });
  });

  it('does not list a run that was never completed', async () => {
    await mkdir(join(out, '20261123-044812-mnist-0000'));
    await mkdir(join(out, 'notes'));
    const run = await RunFolder.create(options());
    expect(await listRuns(out)).toEqual([{ id: run.id, path: run.path }]);
  });

  it('counts incarnations over restarts', async () => {
    const run = await RunFolder.create(options());
    expect(await run.startIncarnation()).toBe(1);
    expect(await run.startIncarnation()).toBe(2);
    await run.release();
    const again = await RunFolder.open(run.path);
    expect(await again.startIncarnation()).toBe(3);
    await writeFile(join(run.path, 'incarnation'), 'three');
    await expect(again.startIncarnation()).rejects.toMatchObject({ code: 'run-corrupt' });
    // One that cannot be read was not counted from zero.
    await rm(join(run.path, 'incarnation'));
    await mkdir(join(run.path, 'incarnation'));
    await expect(again.startIncarnation()).rejects.toMatchObject({ code: 'run-corrupt' });
  });

  it('holds a summary and a changed configuration', async () => {
    const run = await RunFolder.create(options());
    await run.writeSummary({ status: 'done' });
    await run.writeConfig({ preset: 'mnist', steps: 9 });
    expect(await readRun(run.path)).toEqual({ config: { preset: 'mnist', steps: 9 }, summary: { status: 'done' } });
    await writeFile(join(run.path, REPORT), '<!doctype html>');
    await run.forgetSummary();
    await run.forgetSummary();
    expect(await readRun(run.path)).toMatchObject({ summary: undefined });
    expect(await readdir(run.path)).not.toContain(REPORT);
    await writeFile(join(run.path, 'summary.json'), '{');
    await expect(readRun(run.path)).rejects.toMatchObject({ code: 'run-corrupt' });
    expect(run.checkpoints.path(1)).toBe(join(run.path, 'checkpoints', 'step-000001.safetensors'));
    await rm(run.path, { recursive: true });
    await expect(run.writeSummary({})).rejects.toMatchObject({ code: 'out-not-writable' });
  });
});

describe('MetricsLog', () => {
  const read = async (run: RunFolder) => (await readFile(join(run.path, 'metrics.jsonl'), 'utf8')).split('\n');

  it('appends in order', async () => {
    const run = await RunFolder.create(options());
    const log = await run.openMetrics(0);
    for (let step = 1; step <= 100; step++) log.append({ step, loss_g: step / 2 });
    await log.close();
    const lines = await read(run);
    expect(lines).toHaveLength(101);
    expect(lines[99]).toBe('{"step":100,"loss_g":50}');
    expect(lines[100]).toBe('');
  });

  it('forgets what comes after the step it is resumed from, and an unfinished line', async () => {
    const run = await RunFolder.create(options());
    const log = await run.openMetrics(0);
    for (let step = 1; step <= 5; step++) log.append({ step });
    await log.close();
    await writeFile(join(run.path, 'metrics.jsonl'), '{"step":6,"lo', { flag: 'a' });
    const again = await run.openMetrics(3);
    again.append({ step: 4, second: true });
    await again.flush();
    expect(await read(run)).toEqual(['{"step":1}', '{"step":2}', '{"step":3}', '{"step":4,"second":true}', '']);
    await again.close();
    const fresh = await run.openMetrics(0);
    await fresh.close();
    expect(await read(run)).toEqual(['']);
  });

  it('finds any step from the end on, however long the file is', async () => {
    const run = await RunFolder.create(options());
    const path = join(run.path, 'metrics.jsonl');
    const lines = Array.from(
      { length: 30_000 },
      (_, step) => `${JSON.stringify({ step, pad: 'x'.repeat(step % 90) })}\n`,
    );
    for (const step of [0, 1, 7000, 14_999, 29_998, 29_999]) {
      await writeFile(path, lines.join(''));
      await (await run.openMetrics(step)).close();
      expect(await readFile(path, 'utf8')).toBe(lines.slice(0, step + 1).join(''));
    }
    // Longer than a buffer can be: the end is a hole without any line.
    await truncate(path, 2.125 * 2 ** 30);
    await expect(run.openMetrics(29_999)).resolves.toBeDefined();
    expect((await stat(path)).size).toBe(lines.join('').length);
  });

  it('reports a file that cannot be written', async () => {
    const run = await RunFolder.create(options());
    await mkdir(join(run.path, 'metrics.jsonl'));
    await expect(run.openMetrics(0)).rejects.toMatchObject({ code: 'out-not-writable' });
    await rm(join(run.path, 'metrics.jsonl'), { recursive: true });
    const log = await run.openMetrics(0);
    await log.close();
    log.append({ step: 1 });
    await expect(log.flush()).rejects.toMatchObject({ code: 'out-not-writable' });
    expect(() => log.append({ step: 2 })).not.toThrow();
  });
});
