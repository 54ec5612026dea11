import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fetchWheel, type DownloadOptions } from './download.ts';
import { fakeMachine, WORKING_PIP, type FakeMachine } from './fake-tools.ts';

let machine: FakeMachine;
let options: DownloadOptions;
beforeEach(async () => {
  machine = await fakeMachine();
  const { env, set, cache } = machine;
  options = { python: 'python3', env, tags: set.tags, folder: cache, pollMs: 5 };
});
afterEach(() => machine.remove());

const wheel = () => machine.set.wheels[0];

describe('fetchWheel', () => {
  it('fetches once and never again', async () => {
    const path = await fetchWheel(wheel(), options);
    expect(existsSync(path)).toBe(true);
    expect(await fetchWheel(wheel(), options)).toBe(path);
    expect(await machine.count('pip')).toBe(1);
    expect(await readdir(machine.cache)).toEqual([wheel().file]);
  });

  it('tells pip which file it wants', async () => {
    await machine.program('pip', `echo "$@" > "$FAKE/arguments"\n${WORKING_PIP}`);
    await fetchWheel(wheel(), { ...options, tags: ['one', 'two'] });
    const words = await readFile(join(machine.folder, 'arguments'), 'utf8');
    expect(words).toContain('--python-version 3.12 --implementation cp --abi cp312 --platform one --platform two');
    expect(words).toContain('--no-deps --only-binary=:all:');
    expect(words.trim().endsWith('tensorflow-fake==1.0')).toBe(true);
  });

  it('fetches anew what is there with other bytes', async () => {
    const path = await fetchWheel(wheel(), options);
    await writeFile(path, 'cut short');
    await fetchWheel(wheel(), options);
    expect(await machine.count('pip')).toBe(2);
  });

  it('refuses a wheel with another hash and removes it', async () => {
    const expected = { code: 'wheel-hash-mismatch', message: expect.stringContaining('f'.repeat(64)) as string };
    await expect(fetchWheel({ ...wheel(), sha256: 'f'.repeat(64) }, options)).rejects.toMatchObject(expected);
    expect(await readdir(machine.cache)).toEqual([]);
    expect(await machine.count('pip')).toBe(1);
  });

  it('tries three times', async () => {
    const flaky = `echo try >> "$FAKE/tries"\n[ $(wc -l < "$FAKE/tries") -lt 3 ] && exit 1\n${WORKING_PIP}`;
    await machine.program('pip', flaky);
    expect(existsSync(await fetchWheel(wheel(), options))).toBe(true);
  });

  it('then gives up with what pip said last', async () => {
    await machine.program('pip', 'echo try >> "$FAKE/pip.log"; echo "ERROR: no route to host" >&2; exit 1\n');
    await expect(fetchWheel(wheel(), options)).rejects.toMatchObject({
      code: 'wheel-download-failed',
      message: expect.stringContaining('in 3 tries: ERROR: no route to host') as string,
    });
    expect(await machine.count('pip')).toBe(3);
  });

  it('says how many bytes are there', async () => {
    const seen: number[] = [];
    const controller = new AbortController();
    await machine.program('pip', `head -c 100 "$FAKE/${wheel().file}" > "$TMPDIR/part"\nexec sleep 60\n`);
    const onBytes = (bytes: number) => {
      seen.push(bytes);
      controller.abort();
    };
    const attempt = fetchWheel(wheel(), { ...options, onBytes, signal: controller.signal });
    await expect(attempt).rejects.toMatchObject({ code: 'install-interrupted' });
    expect(seen).toEqual([100]);
  });

  it('ends a try that brings nothing', async () => {
    await machine.program('pip', 'exec sleep 60\n');
    await expect(fetchWheel(wheel(), { ...options, stallMs: 30, tries: 2 })).rejects.toMatchObject({
      code: 'wheel-download-failed',
      message: expect.stringContaining('no byte came') as string,
    });
  });
});
