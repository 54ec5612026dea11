import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BackendProfile } from '@gradcast/engine';
import type { GradientEngine } from '@gradcast/task';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Judge, PROBE_IMAGES } from './judge.ts';
import { JUDGED_NUMBERS } from './judge-task.ts';
import { JUDGES } from './judges.ts';
import { seenImages } from './seen-images.ts';

const PIXELS = 784;
const COUNT = PROBE_IMAGES + 44;
const wasm: BackendProfile = {
  backend: 'wasm',
  libraryVersion: '1',
  device: 'cpu',
  threads: 1,
  features: '',
  mode: 'eager',
};

/** Sees in each image its first pixel and where the number stands, plus a shift, and counts the images. */
function judgeOf({ record = JUDGES[0], profile = wasm, shift = 0 } = {}) {
  const looked = { at: 0 };
  const engine: GradientEngine = {
    load: () => undefined,
    gradient: () => Promise.reject(new Error('nothing is trained')),
    infer: ({ size, fields }) => {
      looked.at += size;
      const numbers = Float32Array.from(
        { length: size * JUDGED_NUMBERS },
        (_, i) =>
          Math.fround(fields.images[Math.floor(i / JUDGED_NUMBERS) * PIXELS] / 3) + (i % JUDGED_NUMBERS) + shift,
      );
      return Promise.resolve(numbers);
    },
    dispose: () => undefined,
  };
  return { judge: new Judge(record, engine, profile), looked };
}

const images = (seed = 1) =>
  Uint8Array.from({ length: COUNT * PIXELS }, (_, i) => (Math.floor(i / PIXELS) * 7 + seed) % 251);

let scratch = '';
let folder = '';
let folders = 0;
const fresh = () => join(scratch, `${folders++}`);
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'gradcast-seen-'));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

/** The only file of the folder, with what it holds. */
async function onlyFile() {
  const [name, ...others] = await readdir(folder);
  expect(others).toEqual([]);
  const path = join(folder, name);
  return { path, bytes: await readFile(path) };
}

describe('seenImages', () => {
  it('have the same bits from a file, for which only the first images are looked at', async () => {
    folder = fresh();
    const [first, second] = [judgeOf(), judgeOf()];
    const told: number[] = [];
    const seen = await seenImages(first.judge, images(), { folder, onProgress: (done) => void told.push(done) });
    expect(told).toEqual([COUNT]);
    expect(await seenImages(second.judge, images(), { folder })).toEqual(seen);
    expect(seen).toEqual(await second.judge.see(images()));
    expect([first.looked.at, second.looked.at]).toEqual([COUNT, PROBE_IMAGES + COUNT]);
    expect((await onlyFile()).bytes.length).toBeLessThan(COUNT * JUDGED_NUMBERS * 4 + 1000);
  });

  it('are those of one judge, some images and one numeric profile', async () => {
    folder = fresh();
    await seenImages(judgeOf().judge, images(), { folder });
    for (const [given, pixels] of [
      [{ record: JUDGES[1] }, images()],
      [{ profile: { ...wasm, libraryVersion: '2' } }, images()],
      [{}, images(2)],
      [{}, images().subarray(PIXELS)],
    ] as const) {
      const { judge, looked } = judgeOf(given);
      await seenImages(judge, pixels, { folder });
      expect(looked.at).toBe(pixels.length / PIXELS);
    }
    expect(await readdir(folder)).toHaveLength(5);
  });

  it('are looked at again where the same profile computes other bits by now', async () => {
    folder = fresh();
    await seenImages(judgeOf().judge, images(), { folder });
    const [changed, after] = [judgeOf({ shift: 1 }), judgeOf({ shift: 1 })];
    expect(await seenImages(changed.judge, images(), { folder })).toEqual(await changed.judge.see(images()));
    await seenImages(after.judge, images(), { folder });
    expect(after.looked.at).toBe(PROBE_IMAGES);
  });

  it.each<[string, (bytes: Buffer) => Uint8Array]>([
    ['cut short', (bytes) => bytes.subarray(0, bytes.length - 1)],
    ['too long', (bytes) => Buffer.concat([bytes, Buffer.alloc(8192)])],
    ['empty', () => new Uint8Array()],
    ['of other numbers', (bytes) => changedAt(bytes, bytes.length - 5)],
    ['of another header', (bytes) => changedAt(bytes, bytes.indexOf('"images":"') + 12)],
    ['no such thing', (bytes) => new Uint8Array(bytes.length)],
  ])('are looked at again, and written again, where the file is %s', async (_, damage) => {
    folder = fresh();
    const seen = await seenImages(judgeOf().judge, images(), { folder });
    const { path, bytes } = await onlyFile();
    await writeFile(path, damage(bytes));
    const { judge, looked } = judgeOf();
    expect(await seenImages(judge, images(), { folder })).toEqual(seen);
    expect(looked.at).toBe(COUNT);
    expect((await onlyFile()).bytes.equals(bytes)).toBe(true);
  });

  it('are looked at each time where no file can be', async () => {
    folder = fresh();
    await writeFile(folder, 'a file where the folder would be');
    const { judge, looked } = judgeOf();
    const seen = await seenImages(judge, images(), { folder });
    expect(await seenImages(judge, images(), { folder })).toEqual(seen);
    expect(looked.at).toBe(2 * COUNT);
  });

  it('are whole when several write at once', async () => {
    folder = fresh();
    const all = await Promise.all(Array.from({ length: 4 }, () => seenImages(judgeOf().judge, images(), { folder })));
    expect(new Set(all.map(({ features }) => features.join())).size).toBe(1);
    // Whoever came last left a whole file, or none.
    const { judge } = judgeOf();
    expect(await seenImages(judge, images(), { folder })).toEqual(all[0]);
  });

  it('are kept of a few sets alone: those used last', async () => {
    folder = fresh();
    await mkdir(folder);
    const old = new Date(Date.now() - 1000_000);
    for (let i = 0; i < 9; i++) {
      const path = join(folder, i === 0 ? '.tmp-1-of-a-killed-process' : `old-${i}`);
      await writeFile(path, '');
      await utimes(path, old, new Date(old.getTime() + 1000 * i));
    }
    await seenImages(judgeOf().judge, images(), { folder });
    const names = await readdir(folder);
    expect(names.filter((name) => name.startsWith('old')).sort()).toEqual([2, 3, 4, 5, 6, 7, 8].map((i) => `old-${i}`));
    expect(names).toHaveLength(8);
  });
});

function changedAt(bytes: Buffer, place: number): Buffer {
  const changed = Buffer.from(bytes);
  changed[place] ^= 1;
  return changed;
}
