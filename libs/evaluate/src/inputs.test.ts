import { ganTask, presets } from '@gradcast/gan';
import type { TaskOutput } from '@gradcast/task';
import { describe, expect, it } from 'vitest';
import { outputInputs, referenceInputs } from './inputs.ts';

const mnist = ganTask(presets.mnist).output!;
const classic = ganTask(presets.classic).output!;
const images: TaskOutput = {
  inputs: [{ name: 'pictures', source: 'image', dtype: 'u8', shape: [2, 2, 1], range: 'unit' }],
  values: { kind: 'image', shape: [2, 2, 1], range: 'unit' },
};
const noiseOf = (output: TaskOutput, count: number, seed: number) => outputInputs(output, { count, seed }).fields.noise;

describe('outputInputs', () => {
  it('begin the same however many are asked for', () => {
    const few = noiseOf(mnist, 3, 7);
    expect(few).toHaveLength(300);
    expect(noiseOf(mnist, 5, 7).subarray(0, 300)).toEqual(few);
    expect(noiseOf(mnist, 3, 8)).not.toEqual(few);
  });

  it('have the distribution of the field', () => {
    expect(noiseOf(classic, 100, 1).every((value) => value >= -1 && value <= 1)).toBe(true);
    expect(noiseOf(mnist, 100, 1).some((value) => value > 2.5)).toBe(true);
  });

  it('take images from those that are there, in order', () => {
    const originals = { image: Uint8Array.from({ length: 12 }, (_, i) => i) };
    const { size, fields } = outputInputs(images, { count: 2, seed: 1, originals });
    expect(size).toBe(2);
    expect(fields.pictures).toEqual(Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7));
    expect(() => outputInputs(images, { count: 4, seed: 1, originals })).toThrow(RangeError);
    expect(() => outputInputs(images, { count: 1, seed: 1 })).toThrow('there are no 1 samples for pictures');
  });
});

describe('referenceInputs', () => {
  it('are 512 samples of noise, apart from those that are drawn', () => {
    const reference = referenceInputs(mnist);
    expect(reference.size).toBe(512);
    expect(reference.fields.noise).toHaveLength(512 * 100);
    expect(reference).toEqual(referenceInputs(mnist));
    expect(reference.fields.noise.subarray(0, 100)).not.toEqual(noiseOf(mnist, 1, 0));
  });

  it('are all images where there are fewer', () => {
    expect(referenceInputs(images, { image: new Uint8Array(12) }).size).toBe(3);
  });
});
