import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { localSocket } from './local-socket.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gradcast-test-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe.skipIf(process.platform === 'win32')('the place of a local socket', () => {
  it('is a folder that only this user can enter, gone with what lies in it', async () => {
    const { path, remove } = (await localSocket(folder))!;
    const { mode } = await stat(dirname(path));
    expect(mode & 0o777).toBe(0o700);
    await writeFile(path, '');
    await remove();
    expect(await readdir(folder)).toEqual([]);
    await remove();
  });

  it('is another one each time', async () => {
    const [one, other] = [await localSocket(folder), await localSocket(folder)];
    expect(one!.path).not.toBe(other!.path);
  });

  it.each([
    ['whose name would not survive a URL', 'a b'],
    ['whose name has a colon', 'a:b'],
    ['that makes too long a path', 'x'.repeat(100)],
    ['that is not there', 'missing'],
  ])('is nowhere below a folder %s', async (_, name) => {
    expect(await localSocket(join(folder, name))).toBeNull();
    expect(await readdir(folder)).toEqual([]);
  });
});
