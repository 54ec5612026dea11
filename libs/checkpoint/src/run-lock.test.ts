import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ProcessTable } from './processes.ts';
import { systemProcesses } from './processes.ts';
import { lockRun } from './run-lock.ts';

let folder = '';
let path = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gradcast-lock-'));
  path = join(folder, 'lock');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A machine on which these processes live, seen by process `pid`. */
function machine(pid: number, living: Readonly<Record<number, string>>, boot = 'b1', host = 'here'): ProcessTable {
  return { self: { pid, host, boot, started: living[pid] }, startOf: (other) => living[other] };
}

async function owner(): Promise<unknown> {
  const newest = (await readdir(path)).map(Number).sort((a, b) => b - a)[0];
  return JSON.parse(await readFile(join(path, String(newest)), 'utf8'));
}

describe('lockRun', () => {
  it('is refused while the owner lives, and free after release', async () => {
    const unlock = await lockRun(path, machine(1, { 1: '100' }));
    await expect(lockRun(path, machine(2, { 1: '100', 2: '200' }))).rejects.toMatchObject({
      code: 'run-locked',
      message: `${folder} is in use by process 1`,
    });
    await unlock();
    await lockRun(path, machine(2, { 2: '200' }));
    expect(await owner()).toMatchObject({ pid: 2 });
    expect(await readdir(path)).toEqual(['1', '2']);
  });

  it.each([
    ['was killed', machine(2, { 2: '200' })],
    ['has had its number reused', machine(2, { 1: '150', 2: '200' })],
    ['ran before the machine restarted', machine(2, { 1: '100', 2: '200' }, 'b2')],
    ['had the number this process has now', machine(1, { 1: '150' })],
  ])('is taken over from an owner that %s', async (_, table) => {
    await lockRun(path, machine(1, { 1: '100' }));
    await lockRun(path, table);
    expect(await owner()).toEqual(table.self);
  });

  it('is taken by exactly one of many who find it stale', async () => {
    for (let round = 1; round <= 20; round++) {
      await lockRun(path, machine(1, { 1: `start ${round}` }));
      const living = Object.fromEntries(Array.from({ length: 8 }, (_, index) => [index + 2, `start ${round}`]));
      const tries = Object.keys(living).map((pid) => lockRun(path, machine(Number(pid), living)));
      const won = (await Promise.allSettled(tries)).filter(({ status }) => status === 'fulfilled');
      expect(won).toHaveLength(1);
      expect((await readdir(path)).length).toBeLessThanOrEqual(2);
    }
  });

  it('stands if its owner cannot be looked up', async () => {
    await lockRun(path, machine(1, { 1: '100' }, 'b1', 'elsewhere'));
    await expect(lockRun(path, machine(2, { 2: '200' }))).rejects.toThrow('process 1 on elsewhere');
    await writeFile(join(path, '1'), 'mine');
    await expect(lockRun(path, machine(2, { 2: '200' }))).rejects.toMatchObject({ code: 'run-locked' });
  });

  it('reports a folder that is not there', async () => {
    await expect(lockRun(join(folder, 'a', 'lock'), machine(1, { 1: '1' }))).rejects.toMatchObject({
      code: 'out-not-writable',
    });
  });
});

describe('systemProcesses', () => {
  it('knows itself, and that no process has a huge number', () => {
    const { self, startOf } = systemProcesses();
    expect(self.pid).toBe(process.pid);
    expect(startOf(process.pid)).toBe(self.started);
    expect(startOf(2 ** 22 + 1)).toBeUndefined();
  });
});
