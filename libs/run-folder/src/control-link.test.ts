import { cp, lstat, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { folderIdentity, readControlLink, removeControlLink, writeControlLink } from './control-link.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gradcast-test-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe.skipIf(process.platform === 'win32')('the link to a control socket', () => {
  it('is not there, then there, then another', async () => {
    expect(await readControlLink(folder)).toBeUndefined();
    await writeControlLink(folder, '/tmp/one/c');
    expect(await readControlLink(folder)).toBe('/tmp/one/c');
    await writeControlLink(folder, '/tmp/two/c');
    expect(await readControlLink(folder)).toBe('/tmp/two/c');
    expect((await lstat(join(folder, 'control'))).isSymbolicLink()).toBe(true);
  });

  it('is removed by whom it belongs to, and by nobody else', async () => {
    await writeControlLink(folder, '/tmp/new/c');
    await removeControlLink(folder, '/tmp/old/c');
    expect(await readControlLink(folder)).toBe('/tmp/new/c');
    await removeControlLink(folder, '/tmp/new/c');
    expect(await readControlLink(folder)).toBeUndefined();
    await removeControlLink(folder);
  });
});

describe('the identity of a folder', () => {
  it('stays when it is renamed, and is not that of a copy', async () => {
    const [run, copy, moved] = ['run', 'copy', 'moved'].map((name) => join(folder, name));
    await mkdir(run);
    await cp(run, copy, { recursive: true });
    const identity = await folderIdentity(run);
    expect(await folderIdentity(copy)).not.toBe(identity);
    await rename(run, moved);
    expect(await folderIdentity(moved)).toBe(identity);
  });
});
