/** What the judge that is shipped reads in grids of 64 real digits, and in none. */
import { loadBackend } from '@gradcast/backends-node';
import { loadDataset, MNIST } from '@gradcast/dataset';
import type { ReadClasses } from '@gradcast/config';
import { judgesOf, openJudge } from '@gradcast/judge';
import type { Judge } from '@gradcast/judge';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readClasses } from './read-classes.ts';

const SAMPLES = 64;
const PIXELS = 784;

let judge: Judge;
let digits: Uint8Array;
let labels: Uint8Array;
beforeAll(async () => {
  judge = await openJudge(judgesOf(MNIST.sha256)[0], await loadBackend('wasm'));
  const test = await loadDataset({ split: 'test' });
  const all = Uint32Array.from({ length: 2000 }, (_, i) => i);
  digits = test.inputs.read(all) as Uint8Array;
  labels = test.labels!.read(all) as Uint8Array;
  await test.close();
});
afterAll(() => judge.dispose());

/** The first 64 test images of some digits. */
function grid(...of: readonly number[]): Promise<ReadClasses> {
  const chosen = [...labels.keys()].filter((i) => of.includes(labels[i])).slice(0, SAMPLES);
  return readClasses(judge, Buffer.concat(chosen.map((i) => digits.subarray(i * PIXELS, (i + 1) * PIXELS))));
}

describe('classes of a grid', () => {
  it('are all where all are drawn', async () => {
    const { shares, entropy, confidence, holding } = await grid(0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
    expect(shares).toHaveLength(10);
    expect(entropy).toBeGreaterThan(2.1);
    expect(entropy).toBeLessThanOrEqual(Math.log(10));
    expect(holding).toBeGreaterThanOrEqual(9);
    expect(confidence).toBeGreaterThan(0.95);
  });

  it('are two where threes and eights are', async () => {
    const { shares, entropy, confidence, holding } = await grid(3, 8);
    expect(shares[3] + shares[8]).toBeGreaterThan(0.95);
    expect(entropy).toBeLessThan(0.9);
    expect(holding).toBe(2);
    expect(confidence).toBeGreaterThan(0.95);
  });

  it('are read with little confidence in noise', async () => {
    const noise = Uint8Array.from({ length: SAMPLES * PIXELS }, (_, i) => (Math.imul(i + 1, 0x9e3779b1) >>> 13) & 255);
    expect((await readClasses(judge, noise)).confidence).toBeLessThan(0.7);
    const grey = new Uint8Array(SAMPLES * PIXELS).fill(128);
    expect((await readClasses(judge, grey)).confidence).toBeLessThan(0.7);
  });

  it('are of images that are whole', async () => {
    await expect(readClasses(judge, new Uint8Array(PIXELS - 1))).rejects.toThrow('no images');
    await expect(readClasses(judge, new Uint8Array(0))).rejects.toThrow('samples of 10 classes');
  });
});
