import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockHolder } from './lock-holder.ts';
import type { ProcessIdentity, ProcessTable } from './processes.ts';
import { lockRun } from './run-lock.ts';

const NOW = 1_795_000_000_000;
const SELF: ProcessIdentity = { pid: 7, host: 'here', boot: 'b', space: 's', started: '100' };

let run: string;
beforeEach(async () => {
  run = await mkdtemp(join(tmpdir(), 'gradcast-test-'));
});
afterEach(() => rm(run, { recursive: true }));

const processes = (living: Readonly<Record<number, string>>, self = SELF): ProcessTable => ({
  self,
  startOf: (pid) => living[pid],
});

async function beatAt(ms: number): Promise<void> {
  await writeFile(join(run, 'lock', '1.beat'), '000000000000001');
  await utimes(join(run, 'lock', '1.beat'), ms / 1000, ms / 1000);
}

describe('a look at a lock', () => {
  it('finds a run free that nobody has opened, held while it is open, and free again', async () => {
    expect(await lockHolder(run, NOW)).toBe('free');
    const table = processes({ 7: '100' });
    const lock = await lockRun(join(run, 'lock'), table);
    expect(await lockHolder(run, NOW, table)).toBe('held');
    await lock.release();
    expect(await lockHolder(run, NOW, table)).toBe('free');
  });

  it('finds it abandoned where its owner is gone, or its number means another process', async () => {
    await mkdir(join(run, 'lock'));
    await writeFile(join(run, 'lock', '1'), JSON.stringify({ ...SELF, beatMs: 2000 }));
    await beatAt(NOW);
    expect(await lockHolder(run, NOW, processes({}))).toBe('abandoned');
    expect(await lockHolder(run, NOW, processes({ 7: '101' }))).toBe('abandoned');
  });

  it('believes the heartbeat of an owner that cannot be looked up, for as long as a lock would', async () => {
    await mkdir(join(run, 'lock'));
    await writeFile(join(run, 'lock', '1'), JSON.stringify({ ...SELF, host: 'elsewhere', beatMs: 2000 }));
    expect(await lockHolder(run, NOW, processes({ 7: '100' }))).toBe('abandoned');
    await beatAt(NOW - 19_000);
    expect(await lockHolder(run, NOW, processes({}))).toBe('held');
    await beatAt(NOW - 21_000);
    expect(await lockHolder(run, NOW, processes({}))).toBe('abandoned');
  });

  it('calls a lock abandoned that nobody can read', async () => {
    await mkdir(join(run, 'lock'));
    await writeFile(join(run, 'lock', '1'), 'no JSON');
    expect(await lockHolder(run, NOW, processes({}))).toBe('abandoned');
  });
});
