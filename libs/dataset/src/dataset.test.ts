import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { wholeColumn } from './column.ts';
import { loadDataset, openDataset } from './dataset.ts';
import type { DatasetOptions } from './dataset.ts';
import { list } from './folder.ts';
import { knownDataset } from './known.ts';
import { mnistFolder, openMnist } from './mnist.ts';
import { idxFile, npyFile, pngFile } from './testing/index.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gradcast-dataset-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const SIDE = 28;
const IMAGE_BYTES = SIDE * SIDE;
const pixels = Uint8Array.from({ length: 3 * IMAGE_BYTES }, (_, index) => (index * 7) % 256);
const images = idxFile([3, SIDE, SIDE], pixels);
const labels = idxFile([3], Uint8Array.of(4, 5, 6));
const sha256 = (...parts: (Uint8Array | string)[]) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
};

async function put(files: Readonly<Record<string, Uint8Array>>): Promise<void> {
  for (const [name, bytes] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), bytes);
  }
}

/** What a data set is, read whole. */
async function load(options: DatasetOptions = {}) {
  const dataset = await loadDataset({ directory: folder, scratch: join(folder, '.scratch'), ...options });
  const { inputs, labels: column } = dataset;
  const found = {
    ...dataset,
    shape: inputs.shape,
    values: wholeColumn(inputs),
    labelValues: column && [...wholeColumn(column)],
  };
  await dataset.close();
  return found;
}

const refusal = (options?: DatasetOptions) => expect(load(options)).rejects;

describe('MNIST', () => {
  it('is read whole, with the digest that stands in runs', async () => {
    const mnist = await load({ directory: undefined });
    expect(mnist).toMatchObject({ name: 'mnist', title: 'MNIST', count: 60_000, classes: 10, shape: [28, 28, 1] });
    expect(mnist.sha256).toBe('edc0d1098aa497be14ace79ddd5171e5a3dcf9c4d196c015389203eb3ba1f59b');
    expect(knownDataset(mnist.sha256)).toMatchObject({ title: 'MNIST', classNames: { 0: '0', 9: '9' } });
    expect(mnist.labelValues!.slice(0, 10)).toEqual([5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
    expect(mnist.values[156]).toBe(126);
  });

  it('has a test half', async () => {
    const mnist = await load({ directory: undefined, split: 'test' });
    expect(mnist.count).toBe(10_000);
    expect(mnist.labelValues!.slice(0, 5)).toEqual([7, 2, 1, 0, 4]);
  });

  it('is refused with other bytes than the published ones', async () => {
    expect(mnistFolder()).toMatch(/data$/);
    await put({ 'train-images-idx3-ubyte': images, 'train-labels-idx1-ubyte': labels });
    const { inputs, labels: others } = await openMnist(folder, 'train');
    const read = async () => {
      for await (const chunk of inputs.chunks()) expect(chunk.length).toBeGreaterThan(0);
    };
    await expect(read()).rejects.toThrow(/train-images-idx3-ubyte is damaged: its md5/);
    await inputs.close();
    await others!.close();
  });
});

describe('idx files', () => {
  it('are read compressed or not, to the same digest', async () => {
    await put({ 'train-images-idx3-ubyte': images, 'train-labels-idx1-ubyte': labels });
    const plain = await load();
    expect(plain).toMatchObject({ name: basename(folder), count: 3, classes: 7, labelValues: [4, 5, 6] });
    expect(plain.values).toEqual(pixels);
    expect(plain.sha256).toBe(sha256(pixels, Uint8Array.of(4, 5, 6)));
    expect(knownDataset(plain.sha256)).toBeUndefined();
    await rm(join(folder, 'train-images-idx3-ubyte'));
    await put({ 'train-images.idx3-ubyte.gz': gzipSync(images) });
    expect((await load()).sha256).toBe(plain.sha256);
  });

  it('are read at any rank, and their shape is in the digest', async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 5 }), sizes, fc.boolean(), async (count, shape, zip) => {
        const data = Uint8Array.from({ length: shape.reduce((a, b) => a * b, count) }, (_, i) => (i * 11) % 251);
        const name = `train-images-idx${shape.length + 1}-ubyte`;
        const file = idxFile([count, ...shape], data);
        await put(zip ? { [`${name}.gz`]: gzipSync(file) } : { [name]: file });
        const found = await load();
        await rm(folder, { recursive: true });
        const expected = shape.length === 2 ? [...shape, 1] : shape;
        expect(found).toMatchObject({ count, shape: expected, labels: undefined, classes: 0, values: data });
        const header = JSON.stringify({ dtype: 'u8', shape: expected, count, labelled: false });
        expect(found.sha256).toBe(sha256(`gradcast data 1 ${header}\n`, data));
      }),
      { numRuns: 40 },
    );
  });

  it("are found by EMNIST's names, and its parts are told apart", async () => {
    await put({
      'emnist-digits-train-images-idx3-ubyte.gz': gzipSync(images),
      'emnist-digits-train-labels-idx1-ubyte.gz': gzipSync(labels),
      'emnist-digits-test-images-idx3-ubyte': idxFile([1, SIDE, SIDE], pixels.subarray(0, IMAGE_BYTES)),
    });
    expect(await load()).toMatchObject({ count: 3, labelValues: [4, 5, 6] });
    expect(await load({ split: 'test' })).toMatchObject({ count: 1, labels: undefined });
    await put({ 'emnist-letters-train-images-idx3-ubyte': images });
    await refusal().toMatchObject({ code: 'data-ambiguous' });
  });

  const zipped = gzipSync(images);
  const claim = (bytes: Uint8Array, count: number) => {
    const claiming = Buffer.from(bytes);
    claiming.writeUInt32BE(count, 4);
    return claiming;
  };
  it.each([
    ['images cut short', 'idx3-ubyte', images.subarray(0, -1), 'idx-truncated'],
    ['images too long', 'idx3-ubyte', Buffer.concat([images, Buffer.alloc(1)]), 'idx-count'],
    ['an empty file', 'idx3-ubyte', Buffer.alloc(0), 'idx-truncated'],
    ['labels in place of images', 'idx3-ubyte', labels, 'idx-magic'],
    ['fewer images than labels', 'idx3-ubyte', idxFile([2, 28, 28], pixels.subarray(IMAGE_BYTES)), 'data-mismatch'],
    ['a claim of 2^41 bytes', 'idx3-ubyte', claim(images, 2 ** 32 - 1), 'idx-truncated'],
    ['a compressed claim of 2^41 bytes', 'idx3-ubyte.gz', gzipSync(claim(images, 2 ** 32 - 1)), 'idx-truncated'],
    ['a gzip file cut short', 'idx3-ubyte.gz', zipped.subarray(0, -12), 'idx-truncated'],
    ['what is not gzip', 'idx3-ubyte.gz', images, 'idx-gzip'],
    ['a gzip file of less than it says', 'idx3-ubyte.gz', gzipSync(images.subarray(0, -1)), 'idx-truncated'],
    ['a gzip file of more', 'idx3-ubyte.gz', gzipSync(Buffer.concat([images, labels])), 'idx-count'],
    ['a gzip bomb', 'idx3-ubyte.gz', gzipSync(Buffer.concat([images, Buffer.alloc(2 ** 26)])), 'idx-count'],
    ['samples that are too large', 'idx3-ubyte', idxFile([1, 4097, 4096], new Uint8Array(4097 * 4096)), 'data-large'],
  ])('with %s are refused', async (_, kind, bytes, code) => {
    await put({ [`train-images-${kind}`]: bytes });
    if (code === 'data-mismatch') await put({ 'train-labels-idx1-ubyte': labels });
    await refusal().toMatchObject({ name: 'DatasetError', code });
  });

  it('with a flipped bit in a compressed file are refused', async () => {
    const bytes = Buffer.from(zipped);
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 6) ^ 1, bytes.length - 6);
    await put({ 'train-images-idx3-ubyte.gz': bytes });
    await refusal().toMatchObject({ code: 'idx-gzip' });
  });
});

describe('.npy files', () => {
  const npyImages = npyFile({ dtype: '|u1', shape: [3, SIDE, SIDE] }, pixels);

  it('have the digest of idx files with the same content, whatever type their labels are of', async () => {
    const expected = sha256(pixels, Uint8Array.of(4, 5, 6));
    await put({ 'images.npy': npyImages });
    for (const file of [
      npyFile({ dtype: '|u1', shape: [3] }, Uint8Array.of(4, 5, 6)),
      npyFile({ dtype: '<i4', shape: [3] }, Int32Array.of(4, 5, 6), 2),
      npyFile({ dtype: '<i8', shape: [3, 1] }, BigInt64Array.of(4n, 5n, 6n), 3),
    ]) {
      await put({ 'labels.npy': file });
      expect(await load()).toMatchObject({ sha256: expected, classes: 7, labelValues: [4, 5, 6], shape: [28, 28, 1] });
    }
  });

  it('come back as they were written, bytes and floats, of any shape', async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 3 });
    const floats = fc.float({ noNaN: true, noDefaultInfinity: true });
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 5 }),
        sizes,
        fc.infiniteStream(floats),
        async (count, shape, numbers) => {
          const elements = shape.reduce((a, b) => a * b, count);
          const values = Float32Array.from({ length: elements }, () => numbers.next().value as number);
          await put({ 'data.npy': npyFile({ dtype: '<f4', shape: [count, ...shape] }, values) });
          const found = await load();
          expect(found.values).toEqual(values);
          expect(found.shape).toEqual(shape.length === 2 ? [...shape, 1] : shape);
          const bytes = Uint8Array.from(values, (value) => value);
          await put({ 'data.npy': npyFile({ dtype: '|u1', shape: [count, ...shape] }, bytes) });
          expect((await load()).values).toEqual(bytes);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('have halves', async () => {
    await put({
      'train-images.npy': npyImages,
      'test-images.npy': npyFile({ dtype: '|u1', shape: [1, 2] }, pixels.subarray(0, 2)),
    });
    expect(await load()).toMatchObject({ count: 3 });
    expect(await load({ split: 'test' })).toMatchObject({ count: 1, shape: [2] });
    await put({ 'data.npy': npyImages });
    await refusal().toMatchObject({ code: 'data-ambiguous' });
    await rm(join(folder, 'test-images.npy'));
    await refusal({ split: 'test' }).toMatchObject({ code: 'data-missing' });
  });

  it.each([
    ['doubles', npyFile({ dtype: '<f8', shape: [1] }, new Uint8Array(8)), 'npy-dtype'],
    ['floats with the highest byte first', npyFile({ dtype: '>f4', shape: [1] }, new Uint8Array(4)), 'npy-dtype'],
    ['objects', npyFile({ dtype: '|O', shape: [1] }, new Uint8Array(8)), 'npy-dtype'],
    ['columns first', npyFile({ dtype: '|u1', shape: [2, 2], order: 'True' }, new Uint8Array(4)), 'npy-order'],
    ['a byte too few', npyImages.subarray(0, -1), 'npy-truncated'],
    ['a byte too many', Buffer.concat([npyImages, Buffer.alloc(1)]), 'npy-count'],
    ['nothing', npyFile({ dtype: '|u1', shape: [0, 28] }, new Uint8Array(0)), 'npy-count'],
    ['a claim of 2^40', npyFile({ dtype: '|u1', shape: [2 ** 20, 2 ** 20] }, new Uint8Array(4)), 'npy-truncated'],
    ['half a header', npyImages.subarray(0, 60), 'npy-truncated'],
    ['a single number', npyFile({ dtype: '|u1', shape: [] }, new Uint8Array(1)), 'npy-shape'],
    ['what is not finite', npyFile({ dtype: '<f4', shape: [2, 2] }, Float32Array.of(0, 1, 2, NaN)), 'data-value'],
  ])('with %s are refused', async (_, bytes, code) => {
    await put({ 'images.npy': bytes });
    await refusal().toMatchObject({ name: 'DatasetError', code });
  });

  it.each([
    ['above 255', npyFile({ dtype: '<i4', shape: [3] }, Int32Array.of(0, 256, 0)), 'data-label'],
    ['below 0', npyFile({ dtype: '<i8', shape: [3] }, BigInt64Array.of(0n, -1n, 0n)), 'data-label'],
    ['of two numbers', npyFile({ dtype: '|u1', shape: [3, 2] }, new Uint8Array(6)), 'npy-shape'],
    ['that are too many', npyFile({ dtype: '|u1', shape: [4] }, new Uint8Array(4)), 'data-mismatch'],
    ['that are floats', npyFile({ dtype: '<f4', shape: [3] }, new Float32Array(3)), 'npy-dtype'],
  ])('with labels %s are refused', async (_, bytes, code) => {
    await put({ 'images.npy': npyImages, 'labels.npy': bytes });
    await refusal().toMatchObject({ code });
  });
});

describe('an open data set', () => {
  it('knows everything but its inputs, and reads them unless it is told to stop', async () => {
    await put({ 'train-images-idx3-ubyte': images, 'train-labels-idx1-ubyte': labels });
    const opened = await openDataset({ directory: folder });
    expect(opened).toMatchObject({ count: 3, inputs: { dtype: 'u8', shape: [28, 28, 1], count: 3 }, classes: 7 });
    const reason = new Error('stopped');
    await expect(opened.read(AbortSignal.abort(reason))).rejects.toBe(reason);
    await opened.close();
  });
});

describe('a data folder', () => {
  it('that is missing, a file, or holds nothing that is known is refused', async () => {
    await refusal({ directory: join(folder, 'nowhere') }).toMatchObject({ code: 'data-missing' });
    await put({ file: labels, 'sub/readme.txt': labels });
    await refusal({ directory: join(folder, 'file') }).toMatchObject({ code: 'data-missing' });
    await refusal().toThrow(/no train-images-idx3-ubyte, plain or \.gz, no images\.npy, and no PNG images/);
  });

  it('of two kinds is refused', async () => {
    await put({
      'train-images-idx3-ubyte': images,
      'images.npy': npyFile({ dtype: '|u1', shape: [1] }, Uint8Array.of(1)),
    });
    await refusal().toThrow(/has idx files and \.npy files/);
    await rm(join(folder, 'images.npy'));
    await put({ 'cat/1.png': pngFile({ shape: [1, 1, 1], pixels: Uint8Array.of(1) }) });
    await refusal().toMatchObject({ code: 'data-ambiguous' });
  });

  it('may have links inside, and none that leads out or nowhere', async () => {
    await put({ 'inner/images': images });
    await symlink(join('inner', 'images'), join(folder, 'train-images-idx3-ubyte'));
    expect(await load()).toMatchObject({ count: 3 });
    const outside = await mkdtemp(join(tmpdir(), 'gradcast-outside-'));
    try {
      await writeFile(join(outside, 'labels'), labels);
      await symlink(join(outside, 'labels'), join(folder, 'train-labels-idx1-ubyte'));
      await refusal().toMatchObject({ code: 'data-link' });
      await rm(join(outside, 'labels'));
      await refusal().toMatchObject({ code: 'data-unreadable' });
    } finally {
      await rm(outside, { recursive: true });
    }
  });

  it.skipIf(process.platform === 'win32')('may hold no pipe in place of a file', async () => {
    execFileSync('mkfifo', [join(folder, 'images.npy')]);
    await refusal().toThrow(/images\.npy is no file/);
    await rm(join(folder, 'images.npy'));
    await mkdir(join(folder, 'cat'));
    execFileSync('mkfifo', [join(folder, 'cat', '1.png')]);
    await refusal().toThrow(/1\.png is no file/);
  });

  it('is listed up to a limit', async () => {
    await put({ a: labels, 'b/c': labels, d: labels });
    expect(await list(folder, 3)).toEqual({ path: folder, files: ['a', 'd'], folders: ['b'] });
    await expect(list(folder, 2)).rejects.toMatchObject({ code: 'data-large' });
  });

  it.skipIf(process.platform !== 'linux')(
    'may have no name that is no UTF-8 (needs a file system of Linux)',
    async () => {
      await put({ 'train-images-idx3-ubyte': images });
      await writeFile(Buffer.concat([Buffer.from(`${folder}/`), Buffer.of(0x66, 0xff)]), labels);
      await refusal().toMatchObject({ code: 'data-name' });
      await expect(list(folder)).rejects.toThrow(/a name that is no UTF-8/);
    },
  );
});
