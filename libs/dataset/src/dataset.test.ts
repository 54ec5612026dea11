import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { IMAGE_BYTES, loadDataset } from './dataset.ts';
import { mnistFolder, verifyMnist } from './mnist.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gradcast-dataset-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function idx(shape: readonly number[], data: Uint8Array): Buffer {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header.writeUInt32BE(0x0800 + shape.length);
  shape.forEach((dimension, index) => header.writeUInt32BE(dimension, 4 + 4 * index));
  return Buffer.concat([header, data]);
}

const pixels = Uint8Array.from({ length: 3 * IMAGE_BYTES }, (_, index) => (index * 7) % 256);
const images = idx([3, 28, 28], pixels);
const labels = idx([3], Uint8Array.of(4, 5, 6));

async function put(files: Readonly<Record<string, Uint8Array>>): Promise<void> {
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, name), bytes);
}

const refusal = (directory: string) => expect(loadDataset({ directory })).rejects;

describe('loadDataset', () => {
  it('reads the whole of MNIST', async () => {
    const mnist = await loadDataset();
    expect(mnist).toMatchObject({ name: 'mnist', count: 60_000 });
    expect(mnist.images).toHaveLength(60_000 * IMAGE_BYTES);
    expect([...mnist.labels.subarray(0, 10)]).toEqual([5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
    expect(mnist.images[156]).toBe(126);
  });

  it('reads the test half', async () => {
    const mnist = await loadDataset({ split: 'test' });
    expect(mnist.count).toBe(10_000);
    expect([...mnist.labels.subarray(0, 5)]).toEqual([7, 2, 1, 0, 4]);
  });

  it('reads a folder, compressed or not, to the same digest', async () => {
    await put({ 'train-images-idx3-ubyte': images, 'train-labels-idx1-ubyte': labels });
    const plain = await loadDataset({ directory: folder });
    expect(plain).toMatchObject({ name: basename(folder), count: 3 });
    expect(Buffer.from(plain.images).equals(pixels)).toBe(true);
    expect([...plain.labels]).toEqual([4, 5, 6]);
    await rm(join(folder, 'train-images-idx3-ubyte'));
    await put({ 'train-images.idx3-ubyte.gz': gzipSync(images) });
    expect((await loadDataset({ directory: folder })).sha256).toBe(plain.sha256);
  });

  it('refuses a folder that is missing, a file, or lacks files', async () => {
    await refusal(join(folder, 'nowhere')).toMatchObject({ code: 'data-missing' });
    await put({ file: labels });
    await refusal(join(folder, 'file')).toMatchObject({ code: 'data-missing' });
    await refusal(folder).toMatchObject({ code: 'data-missing' });
  });

  const wide = idx([3, 28, 29], new Uint8Array(3 * 28 * 29));
  const zipped = gzipSync(images);
  it.each([
    ['images cut short', 'idx3-ubyte', images.subarray(0, -1), 'idx-truncated'],
    ['images too long', 'idx3-ubyte', Buffer.concat([images, Buffer.alloc(1)]), 'idx-count'],
    ['labels in place of images', 'idx3-ubyte', labels, 'idx-magic'],
    ['fewer images than labels', 'idx3-ubyte', idx([2, 28, 28], pixels.subarray(IMAGE_BYTES)), 'idx-mismatch'],
    ['images of another size', 'idx3-ubyte', wide, 'idx-shape'],
    ['a gzip file cut short', 'idx3-ubyte.gz', zipped.subarray(0, -12), 'idx-truncated'],
    ['what is not gzip', 'idx3-ubyte.gz', images, 'idx-gzip'],
    [
      'a gzip file that holds less than its header says',
      'idx3-ubyte.gz',
      gzipSync(images.subarray(0, -1)),
      'idx-truncated',
    ],
    ['a gzip file that holds more', 'idx3-ubyte.gz', gzipSync(Buffer.concat([images, labels])), 'idx-count'],
  ])('refuses %s', async (_, kind, bytes, code) => {
    await put({ [`train-images-${kind}`]: bytes, 'train-labels-idx1-ubyte': labels });
    await refusal(folder).toMatchObject({ name: 'DatasetError', code });
  });

  it('refuses a gzip file with a flipped bit', async () => {
    const bytes = Buffer.from(zipped);
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 6) ^ 1, bytes.length - 6);
    await put({ 'train-images-idx3-ubyte.gz': bytes, 'train-labels-idx1-ubyte': labels });
    await refusal(folder).toMatchObject({ code: 'idx-gzip' });
  });
});

describe('verifyMnist', () => {
  it('refuses other bytes', () => {
    expect(mnistFolder()).toMatch(/data$/);
    expect(() => verifyMnist('train-labels-idx1-ubyte', labels)).toThrow(/damaged: its md5/);
  });
});
