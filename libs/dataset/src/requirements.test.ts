import type { BatchField } from '@gradcast/task';
import type { FieldArray } from '@gradcast/tensors';
import { describe, expect, it } from 'vitest';
import { heldColumn } from './column.ts';
import { assertSuits } from './requirements.ts';

const image: BatchField = { name: 'images', source: 'image', dtype: 'u8', shape: [28, 28, 1], range: 'unit' };
const input: BatchField = { name: 'x', source: 'input', dtype: 'f32', shape: [3] };
const label: BatchField = { name: 'labels', source: 'label', dtype: 'u8', shape: [], classes: 10 };
const noise: BatchField = { name: 'noise', source: 'noise', dtype: 'f32', shape: [4], distribution: 'normal' };

const labels = heldColumn(Uint8Array.of(0, 9), []);
const of = (shape: readonly number[], values: FieldArray = new Uint8Array(shape.reduce((a, b) => a * b, 2))) => ({
  title: 'the data set in DIR',
  inputs: heldColumn(values, shape),
  labels,
  classes: 10,
});
const task = { name: 'classifier', fields: [image, noise, label] };

describe('a data set', () => {
  it('suits a task that takes what it has', () => {
    expect(() => assertSuits(of([28, 28, 1]), task)).not.toThrow();
    const flat: BatchField = { ...image, shape: [28, 28] };
    expect(() => assertSuits(of([28, 28, 1]), { name: 'flat', fields: [flat] })).not.toThrow();
    expect(() => assertSuits({ ...of([28, 28, 1]), labels: undefined }, { name: 'x', fields: [image] })).not.toThrow();
    expect(() => assertSuits(of([3]), { name: 'x', fields: [noise, label] })).not.toThrow();
    expect(() => assertSuits(of([3], new Float32Array(6)), { name: 'x', fields: [input] })).not.toThrow();
  });

  const images = of([28, 28, 1]);
  const series = { name: 'series', fields: [input] };
  it.each([
    [task, of([32, 32, 3]), 'data-shape', 'the data set in DIR has images of 32x32x3, task classifier takes 28x28x1'],
    [task, of([784]), 'data-shape', 'the data set in DIR has images of 784, task classifier takes 28x28x1'],
    [
      task,
      of([3], new Float32Array(6)),
      'data-dtype',
      'the data set in DIR has 32-bit floats, task classifier takes bytes',
    ],
    [series, of([3]), 'data-dtype', 'the data set in DIR has bytes, task series takes 32-bit floats'],
    [series, of([4], new Float32Array(8)), 'data-shape', 'the data set in DIR has inputs of 4, task series takes 3'],
    [
      task,
      { ...images, labels: undefined },
      'data-unlabelled',
      'the data set in DIR has no labels, which task classifier takes',
    ],
    [
      task,
      { ...images, classes: 12 },
      'data-classes',
      'the labels of the data set in DIR reach 11, task classifier has 10 classes',
    ],
  ])('is refused with a sentence, %#', (takes, dataset, code, message) => {
    expect(() => assertSuits(dataset, takes)).toThrow(expect.objectContaining({ code, message }) as Error);
  });
});
