import { fields } from '@gradcast/task';
import type { TaskOutput } from '@gradcast/task';
import { describe, expect, it } from 'vitest';
import { testOriginals } from './originals.ts';

const labels = fields.labels('labels', { classes: 10 });
const noise = fields.noise('noise', { shape: [3] });
const images = fields.images('images', { shape: [28, 28, 1] });
const values = { kind: 'image', shape: [28, 28, 1], range: 'unit' } as const;

describe('testOriginals', () => {
  it.each<[string, TaskOutput['inputs']]>([
    ['noise', [noise]],
    ['noise and labels', [noise, labels]],
  ])('reads no data set for an output that is computed from %s', async (_, inputs) => {
    expect(await testOriginals({ name: 'drawn', output: { inputs, values } }, '/nowhere')).toBeUndefined();
  });

  it.each<[string, TaskOutput]>([
    ['images', { inputs: [images], values }],
    ['images and their labels', { inputs: [noise, images, labels], values }],
    ['noise, if it is scored by labels', { inputs: [noise], values: { kind: 'classes', classes: 10, label: labels } }],
  ])('reads one for an output that is computed from %s', async (_, output) => {
    await expect(testOriginals({ name: 'read', output }, '/nowhere')).rejects.toMatchObject({ name: 'DatasetError' });
  });

  it('reads images and labels of the test split', async () => {
    const found = await testOriginals({ name: 'both', output: { inputs: [images, labels], values } }, undefined);
    expect(found).toMatchObject({ split: 'test', count: 10_000 });
    expect([...found!.values.label!.subarray(0, 4)]).toEqual([7, 2, 1, 0]);
  });
});
