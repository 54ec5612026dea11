import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Scratch } from './scratch.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gradcast-scratch-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('Scratch', () => {
  it('keeps what is written and leaves nothing in its folder', async () => {
    const scratch = await Scratch.create(join(folder, 'data'), { bytes: 6, title: 'x' });
    expect(await readdir(join(folder, 'data'))).toEqual([]);
    await scratch.write(Uint8Array.of(1, 2, 3));
    await scratch.write(Uint8Array.of(4, 5, 6));
    const file = await scratch.done();
    const read = new Uint8Array(4);
    await file.fill(read, 2);
    expect([...read, file.size]).toEqual([3, 4, 5, 6, 6]);
    await file.close();
  });

  it('is refused where the disk has no room', async () => {
    await expect(Scratch.create(folder, { bytes: 2 ** 60, title: 'the set' })).rejects.toMatchObject({
      code: 'data-space',
      message: expect.stringMatching(/^the set is \d+ bytes when unpacked, for which .+ has no room/) as string,
    });
  });
});
