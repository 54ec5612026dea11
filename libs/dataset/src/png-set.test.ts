import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { wholeColumn } from './column.ts';
import { loadDataset } from './dataset.ts';
import type { Split } from './kind.ts';
import { idxFile, pngFile } from './testing/index.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gradcast-png-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** An image of 2x2 grey pixels of one value. */
const grey = (value: number) => pngFile({ shape: [2, 2, 1], pixels: new Uint8Array(4).fill(value) });

async function put(files: Readonly<Record<string, Uint8Array>>, under = folder): Promise<void> {
  for (const [name, bytes] of Object.entries(files)) {
    await mkdir(dirname(join(under, name)), { recursive: true });
    await writeFile(join(under, name), bytes);
  }
}

/** The first pixel and the label of each sample. */
async function load(split: Split = 'train', directory = folder) {
  const dataset = await loadDataset({ directory, split });
  const { inputs, labels, classNames, sha256 } = dataset;
  const size = wholeColumn(inputs).length / inputs.count;
  const firsts = [...wholeColumn(inputs)].filter((_, i) => i % size === 0);
  return { firsts, labels: labels && [...wholeColumn(labels)], classNames, sha256, shape: inputs.shape };
}

const refusal = (split?: Split) => expect(load(split)).rejects;

describe('a folder of PNG images', () => {
  const sorted = ['Z/1.png', 'a/10.png', 'a/2.png', 'ä/x.PNG'];

  it('is read class by class in code unit order, in whatever order it was written', async () => {
    const other = await mkdtemp(join(tmpdir(), 'gradcast-png-'));
    try {
      for (const [i, name] of sorted.entries()) await put({ [name]: grey(i) });
      for (const [i, name] of [...sorted.entries()].reverse()) await put({ [name]: grey(i) }, other);
      const found = await load();
      expect(found).toMatchObject({ firsts: [0, 1, 2, 3], labels: [0, 1, 1, 2], classNames: ['Z', 'a', 'ä'] });
      expect(await load('train', other)).toEqual(found);
    } finally {
      await rm(other, { recursive: true });
    }
  });

  it('has the digest of idx files with the same content', async () => {
    const pixels = Uint8Array.from({ length: 2 * 784 }, (_, i) => (i * 13) % 256);
    const image = (i: number) => pngFile({ shape: [28, 28, 1], pixels: pixels.subarray(784 * i, 784 * (i + 1)) });
    await put({ '0/a.png': image(0), '1/a.png': image(1) });
    const { sha256 } = await load();
    await rm(folder, { recursive: true });
    await put({
      'train-images-idx3-ubyte': idxFile([2, 28, 28], pixels),
      'train-labels-idx1-ubyte': idxFile([2], Uint8Array.of(0, 1)),
    });
    expect((await load()).sha256).toBe(sha256);
  });

  it('may have halves, whose labels mean the same', async () => {
    await put({
      'train/cat/1.png': grey(1),
      'train/dog/1.png': grey(2),
      'test/dog/1.png': grey(3),
      'val/x.txt': grey(0),
    });
    expect(await load()).toMatchObject({ firsts: [1, 2], labels: [0, 1] });
    expect(await load('test')).toMatchObject({ firsts: [3], labels: [1], classNames: ['cat', 'dog'] });
    await put({ 'test/eel/1.png': grey(4) });
    await refusal('test').toThrow(/eel: no training images are of this class/);
    await put({ 'eel/1.png': grey(4) });
    await refusal().toThrow(/eel beside train/);
  });

  it('may have no labels', async () => {
    await put({ 'b.png': grey(2), 'a.png': grey(1), 'README.md': grey(0) });
    expect(await load()).toMatchObject({ firsts: [1, 2], labels: undefined, classNames: undefined });
    await refusal('test').toMatchObject({ code: 'data-missing' });
    await put({ 'cat/1.png': grey(3) });
    await refusal().toMatchObject({ code: 'data-ambiguous' });
  });

  it('may hold a single image, in colour', async () => {
    await put({ 'only/one.png': pngFile({ shape: [1, 2, 4], pixels: Uint8Array.of(9, 2, 3, 4, 5, 6, 7, 8) }) });
    expect(await load()).toMatchObject({ firsts: [9], labels: [0], shape: [1, 2, 4] });
  });

  it.each([
    ['an image of another shape', 'cat/2.png', pngFile({ shape: [2, 2, 3], pixels: new Uint8Array(12) }), 'png-shape'],
    ['an image that is damaged', 'cat/2.png', grey(1).subarray(0, -1), 'png-damaged'],
    ['a file of another kind', 'cat/2.jpg', grey(1), 'png-name'],
    ['a folder in a class', 'cat/more/1.png', grey(1), 'png-name'],
    ['an empty class', 'dog/.hidden', grey(1), 'data-missing'],
  ])('with %s is refused', async (_, name, bytes, code) => {
    await put({ 'cat/1.png': grey(1), 'cat/Thumbs.db': grey(1), [name]: bytes });
    await refusal().toMatchObject({ name: 'DatasetError', code });
  });

  it('has at most 256 classes', async () => {
    for (let i = 0; i < 256; i++) await put({ [`c${i}/1.png`]: grey(i) });
    expect((await load()).classNames).toHaveLength(256);
    await put({ 'more/1.png': grey(0) });
    await refusal().toMatchObject({ code: 'data-classes' });
  });

  it('may have links to what lies in it, and none that leads out', async () => {
    await put({ 'cat/1.png': grey(1) });
    await symlink('cat', join(folder, 'dog'));
    expect(await load()).toMatchObject({ firsts: [1, 1], labels: [0, 1] });
    const outside = await mkdtemp(join(tmpdir(), 'gradcast-outside-'));
    try {
      await put({ '1.png': grey(9) }, outside);
      await symlink(join(outside, '1.png'), join(folder, 'cat', '2.png'));
      await refusal().toMatchObject({ code: 'data-link' });
      await rm(join(folder, 'cat', '2.png'));
      await symlink(outside, join(folder, 'eel'));
      await refusal().toMatchObject({ code: 'data-link' });
    } finally {
      await rm(outside, { recursive: true });
    }
  });
});
