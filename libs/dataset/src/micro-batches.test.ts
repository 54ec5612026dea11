import { appendFile, mkdir, mkdtemp, readdir, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { BatchField } from '@gradcast/task';
import { SampleStream } from '@gradcast/schedule';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadDataset } from './dataset.ts';
import type { Dataset } from './dataset.ts';
import { MicroBatches } from './micro-batches.ts';
import { idxFile, npyFile, pngFile } from './testing/index.ts';

const COUNT = 40;
const SIDE = 6;
const IMAGE = SIDE * SIDE;
const SEED = 5;
const shape = { microBatchSize: 4, microBatches: 4 };
const STEP = shape.microBatchSize * shape.microBatches * IMAGE;
const fields: BatchField[] = [
  { name: 'images', source: 'image', dtype: 'u8', shape: [SIDE, SIDE, 1], range: 'unit' },
  { name: 'noise', source: 'noise', dtype: 'f32', shape: [3], distribution: 'normal' },
  { name: 'labels', source: 'label', dtype: 'u8', shape: [], classes: 10 },
];
const pixels = Uint8Array.from({ length: COUNT * IMAGE }, (_, i) => (i * 31) % 256);
const labels = Uint8Array.from({ length: COUNT }, (_, i) => i % 10);

let folder = '';
const open: Dataset[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gradcast-cut-'));
});
afterEach(async () => {
  for (const dataset of open.splice(0)) await dataset.close();
  await rm(folder, { recursive: true, force: true });
});

const scratch = () => join(folder, '.scratch');

async function load(heldBytes: number): Promise<Dataset> {
  const dataset = await loadDataset({ directory: folder, heldBytes, scratch: scratch() });
  open.push(dataset);
  return dataset;
}

function cutterOf(dataset: Dataset, aheadBytes?: number): MicroBatches {
  return new MicroBatches({ dataset, fields, shape, seed: SEED, ...(aheadBytes !== undefined && { aheadBytes }) });
}

const writers: Record<string, () => Promise<void>> = {
  'idx files': async () => {
    await writeFile(join(folder, 'train-images-idx3-ubyte'), idxFile([COUNT, SIDE, SIDE], pixels));
    await writeFile(join(folder, 'train-labels-idx1-ubyte'), idxFile([COUNT], labels));
  },
  'compressed idx files': async () => {
    await writeFile(join(folder, 'train-images-idx3-ubyte.gz'), gzipSync(idxFile([COUNT, SIDE, SIDE], pixels)));
    await writeFile(join(folder, 'train-labels-idx1-ubyte.gz'), gzipSync(idxFile([COUNT], labels)));
  },
  '.npy files': async () => {
    await writeFile(join(folder, 'images.npy'), npyFile({ dtype: '|u1', shape: [COUNT, SIDE, SIDE] }, pixels));
    await writeFile(join(folder, 'labels.npy'), npyFile({ dtype: '|u1', shape: [COUNT] }, labels));
  },
};

describe('cut', () => {
  it('follows the sample stream, field by field', async () => {
    await writers['idx files']();
    const cutter = cutterOf(await load(Infinity));
    const found = cutter.cut(3, { first: 1, count: 2 });
    const samples = new SampleStream({ samples: COUNT, seed: SEED }).samplesAt(3 * 16 + 4, 8);
    expect(found['labels']).toEqual(Uint8Array.from(samples, (i) => labels[i]));
    const images = [...samples].flatMap((i) => [...pixels.subarray(i * IMAGE, (i + 1) * IMAGE)]);
    expect(found['images']).toEqual(Uint8Array.from(images));
    expect(found['noise']).toHaveLength(8 * 3);
  });

  it.each(Object.keys(writers))('is the same from %s that are held and that are not', async (kind) => {
    await writers[kind]();
    const held = await load(COUNT * IMAGE);
    const onDisk = await load(COUNT * IMAGE - 1);
    expect(onDisk.sha256).toBe(held.sha256);
    expect([held.inputs.readAsync, typeof onDisk.inputs.readAsync]).toEqual([undefined, 'function']);
    // What is held is there for threads as well, without a copy.
    expect(held.inputs.shared).toEqual(pixels);
    expect(held.inputs.shared!.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(onDisk.inputs.shared).toBeUndefined();
    expect(onDisk.labels?.shared).toEqual(held.labels?.shared);
    // What was unpacked has no name any more.
    expect(await readdir(scratch()).catch(() => [])).toEqual([]);
    const [expected, ahead, slow] = [cutterOf(held), cutterOf(onDisk), cutterOf(onDisk, 3 * STEP - 1)];
    for (let step = 0; step < 7; step++) {
      for (const cutter of [expected, ahead, slow]) await cutter.prefetch(step);
      for (const of of [step, step + 1, step + 5]) {
        const range = { first: step % 3, count: 2 };
        expect(ahead.cut(of, range)).toEqual(expected.cut(of, range));
        expect(slow.cut(of, range)).toEqual(expected.cut(of, range));
      }
    }
  });

  it('is the same from PNG images that are unpacked', async () => {
    for (let i = 0; i < COUNT; i++) {
      await mkdir(join(folder, `${i % 10}`), { recursive: true });
      const image = { shape: [SIDE, SIDE, 1] as const, pixels: pixels.subarray(i * IMAGE, (i + 1) * IMAGE) };
      await writeFile(join(folder, `${i % 10}`, `${String(i).padStart(3, '0')}.png`), pngFile(image));
    }
    const [held, unpacked] = [cutterOf(await load(Infinity)), cutterOf(await load(0))];
    expect(unpacked.cut(1, { first: 0, count: 4 })).toEqual(held.cut(1, { first: 0, count: 4 }));
  });

  it('gives floats as they stand in the files, held or not', async () => {
    const values = Float32Array.from({ length: COUNT * 3 }, (_, i) => i / 7 - 3);
    await writeFile(join(folder, 'data.npy'), npyFile({ dtype: '<f4', shape: [COUNT, 3] }, values));
    const floats: BatchField[] = [{ name: 'x', source: 'input', dtype: 'f32', shape: [3] }];
    const samples = new SampleStream({ samples: COUNT, seed: SEED }).samplesAt(16, 8);
    const expected = Float32Array.from([...samples].flatMap((i) => [...values.subarray(3 * i, 3 * i + 3)]));
    for (const heldBytes of [Infinity, 0]) {
      const cutter = new MicroBatches({ dataset: await load(heldBytes), fields: floats, shape, seed: SEED });
      expect(cutter.cut(1, { first: 0, count: 2 })['x']).toEqual(expected);
      await cutter.prefetch(1);
      expect(cutter.cut(1, { first: 0, count: 2 })['x']).toEqual(expected);
    }
  });

  it('of a large set holds three steps and no more', async () => {
    await writers['idx files']();
    const dataset = await load(0);
    let bytes = 0;
    const counting = async (indices: ArrayLike<number>) => {
      const values = await dataset.inputs.readAsync!(indices);
      bytes += values.length;
      return values;
    };
    const inputs = { ...dataset.inputs, readAsync: counting };
    const cutter = new MicroBatches({
      dataset: { ...dataset, inputs },
      fields,
      shape,
      seed: SEED,
      aheadBytes: 3 * STEP,
    });
    await cutter.prefetch(0);
    await cutter.prefetch(0);
    expect(bytes).toBeLessThanOrEqual(3 * STEP);
    for (let step = 1; step < 10; step++) await cutter.prefetch(step);
    expect(bytes).toBeLessThanOrEqual(12 * STEP);
  });
});

describe('a file that is read while the run goes', () => {
  const file = () => join(folder, 'train-images-idx3-ubyte');

  it('may get another name', async () => {
    await writers['idx files']();
    const cutter = cutterOf(await load(0));
    await rename(file(), `${file()}.old`);
    await cutter.prefetch(0);
    expect(cutter.cut(0, { first: 0, count: 1 })['images']).toHaveLength(4 * IMAGE);
  });

  it.each([
    ['grows', () => appendFile(file(), 'x')],
    ['shrinks', () => writeFile(file(), idxFile([1, SIDE, SIDE], pixels.subarray(0, IMAGE)))],
    ['is written to', () => utimes(file(), 1, 1)],
  ])('and %s is noticed', async (_, change) => {
    await writers['idx files']();
    const cutter = cutterOf(await load(0));
    await cutter.prefetch(0);
    await change();
    await expect(cutter.prefetch(3)).rejects.toMatchObject({ code: 'data-changed' });
    expect(() => cutter.cut(9, { first: 0, count: 1 })).toThrow(
      expect.objectContaining({ code: 'data-changed' }) as Error,
    );
  });
});

describe('what has to be unpacked', () => {
  it('is refused where there is no room for it', async () => {
    await writers['compressed idx files']();
    await writeFile(scratch(), '');
    await expect(load(0)).rejects.toMatchObject({ code: 'data-space' });
    const claiming = Buffer.from(idxFile([COUNT, SIDE, SIDE], pixels));
    claiming.writeUInt32BE(2 ** 24, 4);
    claiming.writeUInt32BE(2 ** 12, 8);
    claiming.writeUInt32BE(2 ** 12, 12);
    await writeFile(join(folder, 'train-images-idx3-ubyte.gz'), gzipSync(claiming));
    await rm(join(folder, 'train-labels-idx1-ubyte.gz'));
    // 2^48 bytes: more than the file can hold.
    await expect(load(0)).rejects.toMatchObject({ code: 'idx-truncated' });
  });
});
