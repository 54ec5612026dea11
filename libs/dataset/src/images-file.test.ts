import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readImagesFile } from './images-file.ts';
import { npyFile } from './testing/npy-file.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gradcast-images-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('readImagesFile', () => {
  it('reads images of bytes, with an axis for the channel', async () => {
    const path = join(folder, 'x.npy');
    await writeFile(
      path,
      npyFile(
        { dtype: '|u1', shape: [2, 3, 2] },
        Uint8Array.from({ length: 12 }, (_, i) => i),
      ),
    );
    const { images, count, shape } = await readImagesFile(path);
    expect({ count, shape }).toEqual({ count: 2, shape: [3, 2, 1] });
    expect(images).toEqual(Uint8Array.from({ length: 12 }, (_, i) => i));
  });

  it('refuses floats', async () => {
    const path = join(folder, 'f.npy');
    await writeFile(path, npyFile({ dtype: '<f4', shape: [1, 2, 2] }, new Uint8Array(16)));
    await expect(readImagesFile(path)).rejects.toMatchObject({ code: 'npy-dtype' });
  });
});
