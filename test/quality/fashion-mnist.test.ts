/**
 * Fashion-MNIST has judges of its own, which its digest chooses: they read its test images as well as the code says, have the floors
 * that the code says, and tell the faults that MNIST's tell (`known-answers.test.ts`), as far as these are quick to score.
 */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { chooseBackend, loadBackend } from '@gradcast/backends-node';
import { FASHION_MNIST, loadDataset, wholeColumn } from '@gradcast/dataset';
import { accuracy, encodeNpy, type Judged, type QualityScores, type RealImages } from '@gradcast/evaluate';
import {
  FLOOR_SAMPLES,
  FLOORS,
  judgeReal,
  judgesOf,
  loadRealPixels,
  openJudge,
  seenImages,
  type Judge,
  type RealPixels,
} from '@gradcast/judge';
import { Workbench } from '@gradcast/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noise, PIXELS, repeated, without, type Digits } from './subjects.ts';

/** Where Debian's package has it. */
const FOLDER = '/usr/share/datasets/fashion-mnist';
const isThere = existsSync(FOLDER);
const COUNT = 2000;
/** What the judges hardly take for anything else. */
const MISSING = FASHION_MNIST.classNames.indexOf('Bag');
/** Minutes on busy cores. */
const EVALUATION_SECONDS = 900;
const CLASSES = FASHION_MNIST.classNames.length;

describe.skipIf(!isThere)("Fashion-MNIST (needs Debian's package dataset-fashion-mnist)", () => {
  let bench: Workbench;
  let pixels: RealPixels;
  /** Training images but the first, which floors are of. */
  let others: Digits;
  /** Of the images in the file `others.npy`, by the name of the judge. */
  const scoresOfOthers: Record<string, QualityScores> = {};

  beforeAll(async () => {
    bench = await Workbench.create();
    pixels = await loadRealPixels(FOLDER);
    const set = await loadDataset({ directory: FOLDER });
    const labels = wholeColumn(set.labels!) as Uint8Array;
    await set.close();
    others = { images: pixels.training.subarray(FLOOR_SAMPLES * PIXELS), labels: labels.subarray(FLOOR_SAMPLES) };
    const few = others.images.subarray(0, COUNT * PIXELS);
    await writeFile(bench.path('others.npy'), encodeNpy(few, { count: COUNT, shape: [28, 28, 1] }));
  });
  afterAll(() => bench.remove());

  it('is known by its digest', () => {
    expect(pixels.dataset).toBe(FASHION_MNIST.sha256);
  });

  describe.each(judgesOf(FASHION_MNIST.sha256))('judge $name', (record) => {
    let judge: Judge;
    let test: Judged;
    let real: RealImages;
    let floor: QualityScores;
    const scoresOf = async (images: Uint8Array) => real.scoresOf(await judge.see(images));

    beforeAll(async () => {
      const { candidate } = await chooseBackend('wasm');
      judge = await openJudge(record, await loadBackend(candidate));
      // Where the command below looks for it.
      const folder = bench.path('seen');
      test = await seenImages(judge, pixels.test, { folder });
      real = await judgeReal(judge, pixels, { folder });
      floor = real.floor(COUNT);
    });

    it('reads the test images as well as the code says', () => {
      expect(accuracy(test.scores, pixels.testLabels, CLASSES)).toBe(record.accuracy);
    });

    it('has the floor that the code says', () => {
      expect(real.floor(FLOOR_SAMPLES)).toEqual(FLOORS[record.file]);
    });

    it('scores real images as real', async () => {
      const scores = await scoresOf(others.images.subarray(0, COUNT * PIXELS));
      expect(scores.frechet).toBeLessThan(1.3 * floor.frechet);
      for (const score of ['precision', 'recall', 'density', 'coverage', 'confidence', 'entropy'] as const) {
        expect(Math.abs(scores[score] - floor[score])).toBeLessThan(0.03);
      }
      scoresOfOthers[record.name] = scores;
    });

    it('tells noise, one image repeated, and a missing class', async () => {
      const ofNoise = await scoresOf(noise(COUNT));
      expect(ofNoise.frechet).toBeGreaterThan(20 * floor.frechet);
      expect(ofNoise.recall).toBeLessThan(0.01);
      expect(ofNoise.coverage).toBeLessThan(0.02);
      const ofOne = await scoresOf(repeated(others, COUNT));
      expect(ofOne.entropy).toBe(0);
      expect(ofOne.recall).toBe(0);
      expect(ofOne.coverage).toBeLessThan(0.01);
      const ofNine = await scoresOf(without(others, MISSING, COUNT));
      expect(ofNine.shares[MISSING]).toBeLessThan(0.01);
      expect(ofNine.entropy).toBeLessThan(floor.entropy - 0.08);
      expect(ofNine.frechet).toBeGreaterThan(5 * floor.frechet);
    });
  });

  it('is scored by its own judges, and by none of MNIST', async () => {
    const command = ['evaluate', 'others.npy', '--data', FOLDER, '--judge', 'both', '--json'];
    const evaluated = await bench.start(command, { GRADCAST_CACHE: bench.folder }).ended(EVALUATION_SECONDS);
    expect(evaluated.code, evaluated.stderr).toBe(0);
    const records = judgesOf(FASHION_MNIST.sha256);
    expect(JSON.parse(evaluated.stdout)).toMatchObject({
      dataset: FASHION_MNIST.sha256,
      judges: records.map(({ name, sha256 }) => ({ judge: name, sha256, scores: scoresOfOthers[name] })),
    });
  }, 1_000_000);
});
