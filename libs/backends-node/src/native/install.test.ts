import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nativePaths } from './cache.ts';
import { fakeMachine, WORKING_COMPILER, type FakeMachine } from './fake-tools.ts';
import { installNative, type InstallProgress } from './install.ts';

let machine: FakeMachine;
beforeEach(async () => {
  machine = await fakeMachine();
});
afterEach(() => machine.remove());

const install = (more: Parameters<typeof installNative>[0] = {}) => {
  const { env, set, cache } = machine;
  return installNative({ env, set, cache, ...more });
};

describe('installNative', () => {
  it('leaves the libraries and the binding in the cache, and nothing else', async () => {
    const stages: InstallProgress['stage'][] = [];
    const { folder, installed } = await install({ onProgress: ({ stage }) => stages.push(stage) });
    expect(installed).toBe(true);
    const files = (await readdir(folder, { recursive: true })).sort();
    expect(files).toEqual([
      'installed.json',
      'prelude.node',
      'site-packages',
      'site-packages/tensorflow',
      'site-packages/tensorflow/libcc.so',
      'site-packages/tensorflow/libframework.so',
      'tfjs_binding.node',
    ]);
    expect(await readdir(dirname(folder))).toHaveLength(1);
    expect([...new Set(stages)]).toEqual(['download', 'unpack', 'build']);
  });

  it('does nothing, without any tool, when it was done before', async () => {
    const { folder } = await install();
    const again = await install({ env: { PATH: '/nowhere' } });
    expect(again).toMatchObject({ folder, installed: false });
    expect(await machine.count('pip')).toBe(1);
  });

  it('goes on where it was interrupted', async () => {
    await machine.program('c++', `case "$*" in *-fsyntax-only*) exit 0;; esac\necho broken >&2; exit 1\n`);
    await expect(install()).rejects.toMatchObject({
      code: 'native-build-failed',
      message: expect.stringContaining('broken') as string,
    });
    expect(existsSync(nativePaths(machine.set, machine.cache).folder)).toBe(false);
    await machine.program('c++', WORKING_COMPILER);
    expect((await install()).installed).toBe(true);
    expect(await machine.count('pip')).toBe(1);
  });

  it('goes on after a process that was killed half-way', async () => {
    const { lock, scratch, folder } = nativePaths(machine.set, machine.cache);
    await mkdir(join(scratch, 'stage', 'site-packages'), { recursive: true });
    await writeFile(join(scratch, 'stage', 'site-packages', 'half'), 'x');
    await writeFile(lock, `${spawnSync(process.execPath, ['-e', '']).pid} ${hostname()} 00\n`);
    expect((await install()).installed).toBe(true);
    expect(await readdir(join(folder, 'site-packages'))).toEqual(['tensorflow']);
  });

  it('installs once when several ask at the same time', async () => {
    const results = await Promise.all([install(), install(), install()]);
    expect(results.filter(({ installed }) => installed)).toHaveLength(1);
    expect(await machine.count('pip')).toBe(1);
    expect(await machine.count('compiler')).toBe(2);
  });

  it('stops at a wheel with another hash and keeps nothing of it', async () => {
    const set = { ...machine.set, wheels: [{ ...machine.set.wheels[0], sha256: '0'.repeat(64) }] };
    await expect(install({ set })).rejects.toMatchObject({ code: 'wheel-hash-mismatch' });
    const { folder, scratch } = nativePaths(set, machine.cache);
    expect(existsSync(folder)).toBe(false);
    expect(await readdir(join(scratch, 'wheels'))).toEqual([]);
  });

  it('says when the cache cannot be written', async () => {
    await writeFile(machine.cache, 'a file');
    await expect(install()).rejects.toMatchObject({ code: 'cache-unwritable' });
  });

  it('asks for room before it downloads', async () => {
    const set = { ...machine.set, wheels: [{ ...machine.set.wheels[0], bytes: 1e18 }] };
    await expect(install({ set })).rejects.toMatchObject({ code: 'native-unpack-failed' });
    expect(await machine.count('pip')).toBe(0);
  });

  it('refuses a wheel without the library', async () => {
    const set = { ...machine.set, library: 'other.so', framework: 'other2.so' };
    await expect(install({ set })).rejects.toMatchObject({ code: 'native-unpack-failed' });
  });
});
