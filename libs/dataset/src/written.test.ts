/** Files as NumPy and Pillow write them; `test/fixtures/data/make.py` made them. */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { wholeColumn } from './column.ts';
import { loadDataset } from './dataset.ts';
import { decodePng } from './png.ts';

const fixture = new URL('../../../test/fixtures/data/files.json', import.meta.url);
const files = JSON.parse(readFileSync(fixture, 'utf8')) as Record<string, string>;
const bytesOf = (name: string) => Buffer.from(files[name], 'base64');

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gradcast-written-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function load(images: string, labels?: string) {
  await writeFile(join(folder, 'images.npy'), bytesOf(images));
  if (labels !== undefined) await writeFile(join(folder, 'labels.npy'), bytesOf(labels));
  const { inputs, labels: column } = await loadDataset({ directory: folder });
  return { shape: inputs.shape, values: wholeColumn(inputs), labels: column && [...wholeColumn(column)] };
}

const bytes = Uint8Array.from({ length: 24 }, (_, i) => (7 * i + 3) % 256);

describe('what NumPy writes', () => {
  it.each(['bytes-1.npy', 'bytes-2.npy', 'bytes-3.npy', 'mapped.npy'])('%s is read', async (name) => {
    expect(await load(name)).toEqual({ shape: [3, 2, 1], values: bytes, labels: undefined });
  });

  it('has floats', async () => {
    const values = Float32Array.from({ length: 20 }, (_, i) => i / 4 - 2);
    expect(await load('floats.npy')).toMatchObject({ shape: [5], values });
  });

  it.each(['u1', 'i4', 'i8', 'column'])('has labels as %s', async (kind) => {
    expect(await load('bytes-1.npy', `labels-${kind}.npy`)).toMatchObject({ labels: [0, 1, 2, 3] });
  });

  it.each([
    ['doubles.npy', 'npy-dtype'],
    ['big-endian.npy', 'npy-dtype'],
    ['records.npy', 'npy-dtype'],
    ['columns.npy', 'npy-order'],
  ])('%s is refused', async (name, code) => {
    await expect(load(name)).rejects.toMatchObject({ code });
  });
});

describe('what Pillow writes', () => {
  it.each([1, 2, 3, 4].flatMap((channels) => ['image', 'optimized'].map((kind) => [kind, channels] as const)))(
    'is read: %s of %i channels',
    (kind, channels) => {
      const pixels = Uint8Array.from({ length: 16 * 12 * channels }, (_, i) => (i * i + 11 * i) % 251);
      expect(decodePng(bytesOf(`${kind}-${channels}.png`), 'x.png')).toEqual({ shape: [16, 12, channels], pixels });
    },
  );

  it.each(['palette.png', 'one-bit.png', 'sixteen-bits.png'])('is refused: %s', (name) => {
    expect(() => decodePng(bytesOf(name), name)).toThrow(expect.objectContaining({ code: 'png-kind' }) as Error);
  });
});
