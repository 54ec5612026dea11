/**
 * Sets of images whose faults are known, scored by both judges: each shows in the scores that are there for it. Each set has
 * 2,000 images; the training images that samples are compared with are the first 10,000, so that the others are as good as
 * unseen. What the judges see in MNIST's own images is computed here once, whatever the user's cache folder has.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chooseBackend, loadBackend } from '@gradcast/backends-node';
import { loadDataset } from '@gradcast/dataset';
import { accuracy, RealImages, type Judged, type QualityScores } from '@gradcast/evaluate';
import {
  FLOOR_SAMPLES,
  FLOORS,
  judgeReal,
  judgesOf,
  loadRealPixels,
  openJudge,
  seenImages,
  type Judge,
} from '@gradcast/judge';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blurred, noise, PIXELS, repeated, without, type Digits } from './subjects.ts';

const COUNT = 2000;
const TRAINING = 10_000;
const MISSING = 4;
const FEATURES = 128;
const CLASSES = 10;
const backend = await loadBackend((await chooseBackend('wasm')).candidate);
const pixels = await loadRealPixels(undefined);

async function labelsOf(split: 'train' | 'test'): Promise<Uint8Array> {
  const set = await loadDataset({ split });
  try {
    return set.labels!.read(Uint32Array.from({ length: set.count }, (_, i) => i)) as Uint8Array;
  } finally {
    await set.close();
  }
}

const folder = await mkdtemp(join(tmpdir(), 'gradcast-known-answers-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

const labels = await labelsOf('train');
const unseen: Digits = { images: pixels.training.subarray(TRAINING * PIXELS), labels: labels.subarray(TRAINING) };

describe.each(judgesOf(pixels.dataset))('judge $name', (record) => {
  let judge: Judge;
  let whole: RealImages;
  let test: Judged;
  let real: RealImages;
  let floor: QualityScores;
  let unlike: QualityScores;
  const scoresOf = async (images: Uint8Array) => real.scoresOf(await judge.see(images));

  beforeAll(async () => {
    judge = await openJudge(record, backend);
    whole = await judgeReal(judge, pixels, { folder });
    test = await seenImages(judge, pixels.test, { folder });
    const training = await seenImages(judge, pixels.training, { folder });
    const first = {
      features: training.features.subarray(0, TRAINING * FEATURES),
      scores: training.scores.subarray(0, TRAINING * CLASSES),
    };
    real = new RealImages({ test, training: first, dimensions: FEATURES, classes: CLASSES });
    floor = real.floor(COUNT);
    unlike = await scoresOf(unseen.images.subarray(0, COUNT * PIXELS));
  });

  it('reads the test images as well as the code says', async () => {
    expect(accuracy(test.scores, await labelsOf('test'), CLASSES)).toBe(record.accuracy);
  });

  it('scores real images as real', () => {
    expect(unlike.frechet).toBeLessThan(1.3 * floor.frechet);
    for (const score of ['precision', 'recall', 'density', 'coverage', 'confidence', 'entropy'] as const) {
      expect(Math.abs(unlike[score] - floor[score])).toBeLessThan(0.03);
    }
    expect(Math.abs(unlike.nearestRatio - floor.nearestRatio)).toBeLessThan(0.1);
  });

  it('tells noise by distance, recall, coverage and confidence', async () => {
    const scores = await scoresOf(noise(COUNT));
    expect(scores.frechet).toBeGreaterThan(50 * floor.frechet);
    expect(scores.kernelDistance).toBeGreaterThan(10 * floor.kernelDistance);
    expect(scores.recall).toBeLessThan(0.01);
    expect(scores.coverage).toBeLessThan(0.02);
    expect(scores.confidence).toBeLessThan(0.8);
  });

  it('tells one digit repeated by entropy, recall and coverage, though each image is real', async () => {
    const scores = await scoresOf(repeated(unseen, COUNT));
    expect(scores.entropy).toBe(0);
    expect(scores.recall).toBe(0);
    expect(scores.coverage).toBeLessThan(0.01);
    expect(scores.frechet).toBeGreaterThan(100 * floor.frechet);
    expect(scores.precision).toBe(1);
    expect(scores.confidence).toBeGreaterThan(0.99);
  });

  it('tells a missing class by its share, entropy, recall and distance, though each image is real', async () => {
    const scores = await scoresOf(without(unseen, MISSING, COUNT));
    expect(scores.shares[MISSING]).toBeLessThan(0.005);
    expect(scores.entropy).toBeLessThan(floor.entropy - 0.08);
    expect(scores.recall).toBeLessThan(floor.recall - 0.05);
    expect(scores.frechet).toBeGreaterThan(2.5 * floor.frechet);
    expect(Math.abs(scores.precision - floor.precision)).toBeLessThan(0.03);
  });

  it('tells blur by distance, recall, coverage and confidence', async () => {
    const scores = await scoresOf(blurred(unseen.images.subarray(0, COUNT * PIXELS)));
    expect(scores.frechet).toBeGreaterThan(25 * floor.frechet);
    expect(scores.recall).toBeLessThan(0.02);
    expect(scores.coverage).toBeLessThan(0.3 * floor.coverage);
    expect(scores.confidence).toBeLessThan(floor.confidence - 0.04);
  });

  it('tells copies of training images by the nearest neighbour, and by nothing else', async () => {
    const scores = await scoresOf(pixels.training.subarray(0, COUNT * PIXELS));
    expect(scores.nearestTraining).toBe(0);
    expect(scores.nearestRatio).toBe(0);
    expect(floor.nearestRatio).toBeGreaterThan(0.8);
    expect(scores.frechet).toBe(floor.frechet);
    expect(scores.precision).toBe(floor.precision);
  });

  it('gives the same numbers again, to the last bit', async () => {
    expect(await scoresOf(unseen.images.subarray(0, COUNT * PIXELS))).toEqual(unlike);
  });

  it('has the floor that the code says, of all training images', () => {
    expect(whole.floor(FLOOR_SAMPLES)).toEqual(FLOORS[record.file]);
  });

  it('scores by what it saw before as by what it sees, to the last bit', async () => {
    const samples = await judge.see(unseen.images.subarray(0, COUNT * PIXELS));
    const again = await judgeReal(judge, pixels, { folder });
    expect(again.scoresOf(samples)).toEqual(whole.scoresOf(samples));
  });
});
