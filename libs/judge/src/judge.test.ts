import { classifierLayers } from '@gradcast/classifier';
import type { BackendProfile } from '@gradcast/engine';
import type { GradientEngine, ImageOutput, MicroBatch } from '@gradcast/task';
import { describe, expect, it } from 'vitest';
import { DRAWN_AT_ONCE, drawImages } from './draw.ts';
import { Judge, PROGRESS_IMAGES } from './judge.ts';
import { JUDGED_NUMBERS } from './judge-task.ts';
import { JUDGES } from './judges.ts';

const PIXELS = 784;

/** Each number that it gives is the first pixel of the image, plus where the number stands. */
function engineOf(infer: (batch: MicroBatch) => Float32Array | Uint8Array): GradientEngine {
  return {
    load: () => undefined,
    gradient: () => Promise.reject(new Error('nothing is trained')),
    infer: (batch) => Promise.resolve(infer(batch)),
    dispose: () => undefined,
  };
}

const profile: BackendProfile = {
  backend: 'wasm',
  libraryVersion: '1',
  device: 'cpu',
  threads: 1,
  features: '',
  mode: 'eager',
};

describe('Judge', () => {
  const sizes: number[] = [];
  const engine = engineOf(({ size, fields }) => {
    sizes.push(size);
    return Float32Array.from(
      { length: size * JUDGED_NUMBERS },
      (_, i) => fields.images[Math.floor(i / JUDGED_NUMBERS) * PIXELS] + (i % JUDGED_NUMBERS) / 1000,
    );
  });
  const judge = new Judge(JUDGES[0], engine, profile);

  it('tells features and scores of each image, in order, and how far it is', async () => {
    const count = PROGRESS_IMAGES + 3;
    const images = Uint8Array.from({ length: count * PIXELS }, (_, i) => Math.floor(i / PIXELS) % 251);
    const told: [number, number][] = [];
    const { features, scores } = await judge.see(images, (...each) => void told.push(each));
    expect(sizes).toEqual([PROGRESS_IMAGES, 3]);
    expect(told).toEqual([
      [PROGRESS_IMAGES, count],
      [count, count],
    ]);
    const { features: width, classes } = classifierLayers;
    for (const i of [0, 7, PROGRESS_IMAGES, count - 1]) {
      expect(features[i * width + 5]).toBeCloseTo((i % 251) + 0.005, 4);
      expect(scores[i * classes + 9]).toBeCloseTo((i % 251) + 0.137, 4);
    }
    expect(scores).toHaveLength(count * classes);
  });

  it('refuses bytes that are no images', async () => {
    await expect(judge.see(new Uint8Array(PIXELS + 1))).rejects.toThrow('no images');
  });
});

describe('drawImages', () => {
  it('draws in parts what would come at once', async () => {
    const output: ImageOutput = {
      inputs: [{ name: 'noise', source: 'noise', shape: [2], dtype: 'f32', distribution: 'normal' }],
      values: { kind: 'image', shape: [1, 1, 1], range: 'unit' },
    };
    const engine = engineOf(({ fields }) =>
      Uint8Array.from({ length: fields.noise.length / 2 }, (_, i) => Math.abs(fields.noise[2 * i] * 100) & 255),
    );
    const draw = (count: number) => drawImages(engine, output, { count, seed: 5, labels: Uint8Array.of(7, 3) });
    const many = await draw(DRAWN_AT_ONCE + 9);
    expect(many).toHaveLength(DRAWN_AT_ONCE + 9);
    expect(new Set(many).size).toBeGreaterThan(100);
    expect(many.subarray(0, 20)).toEqual(await draw(20));
  });

  it('draws classes as frequent as they are among the labels, where they may be chosen', async () => {
    const output: ImageOutput = {
      inputs: [{ name: 'digits', source: 'label', shape: [], dtype: 'u8', classes: 10 }],
      values: { kind: 'image', shape: [1, 1, 1], range: 'unit' },
    };
    const engine = engineOf(({ fields }) => Uint8Array.from(fields.digits));
    const drawn = await drawImages(engine, output, { count: 5, seed: 5, labels: Uint8Array.of(7, 3, 3) });
    expect([...drawn]).toEqual([7, 3, 3, 7, 3]);
  });
});
