import { ganTask, presets } from '@gradcast/gan';
import { fields } from '@gradcast/task';
import type { TaskOutput } from '@gradcast/task';
import { describe, expect, it } from 'vitest';
import { gridShape } from './grid-shape.ts';
import { outputInputs, referenceInputs } from './inputs.ts';

const mnist = ganTask(presets.mnist).output!;
const classic = ganTask(presets.classic).output!;
const conditional = ganTask(presets.conditional).output!;
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

describe('labels of outputs', () => {
  const labels = (options: { count: number; label?: number; originals?: { label: Uint8Array } }) =>
    outputInputs(conditional, { seed: 1, ...options }).fields.labels;

  it('take turns, or are what is asked for, beside the same noise', () => {
    expect(labels({ count: 12 })).toEqual(Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1));
    expect(labels({ count: 3, label: 0 })).toEqual(Uint8Array.of(0, 0, 0));
    expect(outputInputs(conditional, { count: 3, seed: 1, label: 4 }).fields.noise).toEqual(noiseOf(mnist, 3, 1));
    expect(referenceInputs(conditional).fields.labels.subarray(500)).toEqual(
      Uint8Array.from({ length: 12 }, (_, i) => i % 10),
    );
  });

  it('are those of samples that are given', () => {
    const originals = { label: Uint8Array.of(5, 0, 4) };
    expect(labels({ count: 2, originals })).toEqual(Uint8Array.of(5, 0));
  });

  it('belong to the images where there are some', () => {
    const paired = { ...images, inputs: [...images.inputs, ...conditional.inputs.slice(1)] };
    const image = new Uint8Array(12);
    expect(() => outputInputs(paired, { count: 2, seed: 1, label: 3, originals: { image } })).toThrow(
      'there are no 2 samples for labels',
    );
    const originals = { image, label: Uint8Array.of(8, 6, 1) };
    expect(outputInputs(paired, { count: 2, seed: 1, originals }).fields.labels).toEqual(Uint8Array.of(8, 6));
  });
});

describe('gridShape', () => {
  it('has a row for each class, if they may be chosen and are not too many', () => {
    expect(gridShape(conditional)).toEqual({ count: 80, rows: 10 });
    expect(gridShape(mnist)).toEqual({ count: 64 });
    const many = { inputs: [fields.noise('noise', { shape: [3] }), fields.labels('labels', { classes: 100 })] };
    expect(gridShape(many)).toEqual({ count: 64 });
    expect(gridShape({ inputs: [...images.inputs, ...conditional.inputs] })).toEqual({ count: 64 });
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
