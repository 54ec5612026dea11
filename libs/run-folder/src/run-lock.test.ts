import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ProcessTable } from './processes.ts';
import { systemProcesses } from './processes.ts';
import { lockRun } from './run-lock.ts';
import type { LockClock } from './run-lock.ts';

let folder = '';
let path = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gradcast-lock-'));
  path = join(folder, 'lock');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A machine on which these processes live, seen by process `pid`. */
function machine(
  pid: number,
  living: Readonly<Record<number, string>>,
  { boot = 'b1', host = 'here', space = 's1' } = {},
): ProcessTable {
  return { self: { pid, host, boot, space, started: living[pid] }, startOf: (other) => living[other] };
}

/** Time that passes while somebody sleeps; hearts beat with it unless they are stopped. */
class HandClock implements LockClock {
  time = 0;
  readonly #hearts = new Set<{ due: number; ms: number; beat: () => void }>();
  now = () => this.time;
  sleep = async (ms: number) => {
    this.time += ms;
    for (const heart of this.#hearts) {
      if (this.time < heart.due) continue;
      heart.due = this.time + heart.ms;
      heart.beat();
    }
    // What a heart does to the disk takes a moment.
    for (let turn = 0; turn < 20; turn++) await readdir(folder);
  };
  every = (ms: number, beat: () => void) => {
    const heart = { due: this.time + ms, ms, beat };
    this.#hearts.add(heart);
    return () => this.#hearts.delete(heart);
  };
  /** Everybody who holds a lock is killed. */
  kill() {
    this.#hearts.clear();
  }
}

async function numbers(): Promise<number[]> {
  const names = (await readdir(path)).filter((name) => /^[0-9]+$/.test(name));
  return names.map(Number).sort((a, b) => a - b);
}

async function owner(): Promise<unknown> {
  const newest = (await numbers()).at(-1);
  return JSON.parse(await readFile(join(path, String(newest)), 'utf8'));
}

describe('lockRun', () => {
  it('is refused while the owner lives, and free after release', async () => {
    const { release } = await lockRun(path, machine(1, { 1: '100' }));
    await expect(lockRun(path, machine(2, { 1: '100', 2: '200' }))).rejects.toMatchObject({
      code: 'run-locked',
      message: `${folder} is in use by process 1`,
    });
    await release();
    expect(await readdir(path)).toEqual(['1']);
    await lockRun(path, machine(2, { 2: '200' }));
    expect(await owner()).toMatchObject({ pid: 2 });
    expect(await readdir(path)).toEqual(['1', '2', '2.beat']);
  });

  it.each([
    ['was killed', machine(2, { 2: '200' })],
    ['has had its number reused', machine(2, { 1: '150', 2: '200' })],
    ['had the number this process has now', machine(1, { 1: '150' })],
  ])('is taken over from an owner that %s', async (_, table) => {
    await lockRun(path, machine(1, { 1: '100' }));
    await lockRun(path, table);
    expect(await owner()).toEqual({ ...table.self, beatMs: 2000 });
  });

  it('is taken by exactly one of many who find it stale', async () => {
    for (let round = 1; round <= 20; round++) {
      await lockRun(path, machine(1, { 1: `start ${round}` }));
      const living = Object.fromEntries(Array.from({ length: 8 }, (_, index) => [index + 2, `start ${round}`]));
      const tries = Object.keys(living).map((pid) => lockRun(path, machine(Number(pid), living)));
      const won = (await Promise.allSettled(tries)).filter(({ status }) => status === 'fulfilled');
      expect(won).toHaveLength(1);
      expect((await numbers()).length).toBeLessThanOrEqual(2);
    }
  });

  const ELSEWHERE: [string, ProcessTable][] = [
    ['another host', machine(2, { 2: '200' }, { host: 'elsewhere' })],
    ['another start of a machine of that name', machine(2, { 2: '200' }, { boot: 'b2' })],
    ['another container of that name', machine(2, { 2: '200' }, { space: 's2' })],
  ];

  it.each(ELSEWHERE)('is never taken from a living owner, seen from %s', async (_, table) => {
    const clock = new HandClock();
    const { lost } = await lockRun(path, machine(1, { 1: '100' }), clock);
    for (let attempt = 0; attempt < 5; attempt++) {
      await expect(lockRun(path, table, clock)).rejects.toThrow(`${folder} is in use by process 1 on here`);
    }
    expect(lost.aborted).toBe(false);
    expect(await numbers()).toEqual([1]);
  });

  it.each(ELSEWHERE)('is taken from a dead owner within 21 s, seen from %s', async (_, table) => {
    const clock = new HandClock();
    await lockRun(path, machine(1, { 1: '100' }), clock);
    clock.kill();
    await lockRun(path, table, clock);
    expect(clock.time).toBeGreaterThanOrEqual(20_000);
    expect(clock.time).toBeLessThanOrEqual(21_000);
    expect(await owner()).toMatchObject({ pid: 2 });
  });

  it('is free at once if its owner gives it back while it is watched', async () => {
    const clock = new HandClock();
    const { release } = await lockRun(path, machine(1, { 1: '100' }), clock);
    clock.kill();
    const { sleep } = clock;
    clock.sleep = (ms) => sleep(ms).then(release);
    await lockRun(path, machine(2, { 2: '200' }, { space: 's2' }), clock);
    expect(clock.time).toBeLessThan(5_000);
  });

  it('is noticed to be lost by an owner that stood still for too long, who leaves it alone', async () => {
    const [stopped, clock] = [new HandClock(), new HandClock()];
    const first = await lockRun(path, machine(1, { 1: '100' }), stopped);
    await lockRun(path, machine(2, { 2: '200' }, { host: 'elsewhere' }), clock);
    expect(first.lost.aborted).toBe(false);
    await stopped.sleep(2_000);
    await expect.poll(() => first.lost.aborted).toBe(true);
    await first.release();
    expect(await owner()).toMatchObject({ pid: 2 });
  });

  it('is taken by one of many who watched it die', async () => {
    const clock = new HandClock();
    await lockRun(path, machine(1, { 1: '100' }), clock);
    clock.kill();
    const tries = [2, 3, 4, 5].map((pid) => lockRun(path, machine(pid, { [pid]: '1' }, { space: `s${pid}` }), clock));
    const won = (await Promise.allSettled(tries)).filter(({ status }) => status === 'fulfilled');
    expect(won).toHaveLength(1);
  });

  it('watches an owner whom this process may not look up', async () => {
    const clock = new HandClock();
    await lockRun(path, machine(1, { 1: '100' }), clock);
    const hidden = { ...machine(2, { 2: '200' }), startOf: () => '' };
    await expect(lockRun(path, hidden, clock)).rejects.toMatchObject({ code: 'run-locked' });
    clock.kill();
    await lockRun(path, hidden, clock);
  });

  it('of an earlier version has no heart: it stands for another host, and is watched on this one', async () => {
    const clock = new HandClock();
    await mkdir(path);
    const old = { pid: 1, host: 'here', boot: 'b1', started: '100' };
    await writeFile(join(path, '1'), JSON.stringify({ ...old, host: 'elsewhere' }));
    await expect(lockRun(path, machine(2, { 2: '200' }), clock)).rejects.toThrow(
      'process 1 on elsewhere; if that host',
    );
    await writeFile(join(path, '1'), JSON.stringify(old));
    await expect(lockRun(path, machine(2, { 1: '100', 2: '200' }), clock)).rejects.toThrow('in use by process 1');
    await lockRun(path, machine(2, { 2: '200' }), clock);
    expect(await owner()).toMatchObject({ pid: 2 });
  });

  it('stands if nobody can read it', async () => {
    await mkdir(path);
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
