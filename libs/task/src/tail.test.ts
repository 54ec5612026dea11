import { describe, expect, it } from 'vitest';
import { layOut, tensorView } from '@gradcast/tensors';
import { LARGEST_STATISTIC, shownScalars, tailFault } from './tail.ts';
import type { TailScalar } from './task.ts';

const [mean, variance] = ['a/batch_norm/mean', 'a/batch_norm/variance'];
const loss = { low: -LARGEST_STATISTIC, high: LARGEST_STATISTIC, shown: 'progress' } as const;
const share = { low: 0, high: 1, shown: 'log' } as const;
const scalars: TailScalar[] = [
  { name: 'loss_g', ...loss, lossOf: 'a' },
  { name: 'loss_d', ...loss },
  { name: 'd_x', ...share },
  { name: 'd_g_z', ...share },
  { name: 'samples', low: 0, high: LARGEST_STATISTIC, shown: 'none' },
];
const tail = layOut([
  { name: mean, shape: [3] },
  { name: variance, shape: [3] },
  ...scalars.map(({ name }) => ({ name, shape: [] })),
]);
const model = { tail, scalars };

function fault(name: string, value: number, leaves = 1): string | undefined {
  const vector = new Float32Array(tail.length);
  tensorView(tail, vector, name)[0] = value;
  return tailFault(model, vector, leaves);
}

describe('tailFault', () => {
  it.each([
    [mean, -1e6, 1],
    [mean, 2 ** 62, 1],
    [mean, -(2 ** 64), 4],
    [variance, 0, 1],
    [variance, -0, 1],
    [variance, 2 ** 62, 1],
    ['loss_g', 1e6, 1],
    ['d_x', 1, 1],
    ['d_g_z', 4, 4],
    ['samples', 64, 4],
  ])('lets %s be %d over %i leaves', (name, value, leaves) => {
    expect(fault(name, value, leaves)).toBeUndefined();
  });

  it.each([
    [mean, 2 ** 63, 1],
    [mean, -1e30, 1],
    [variance, -1e-30, 1],
    [variance, 2 ** 63, 1],
    [variance, NaN, 1],
    ['loss_d', Infinity, 1],
    ['d_x', -1e-6, 1],
    ['d_x', 1.5, 1],
    ['d_g_z', 4.5, 4],
    ['samples', -1, 1],
  ])('names %s if it is %d over %i leaves', (name, value, leaves) => {
    expect(fault(name, value, leaves)).toBe(`${name} is ${Math.fround(value)}`);
  });
});

describe('shownScalars', () => {
  it('gives what is to be shown, in order, and whose loss it is', () => {
    const vector = new Float32Array(tail.length);
    for (const [i, { name }] of scalars.entries()) tensorView(tail, vector, name)[0] = i + 1;
    expect(shownScalars(model, vector)).toEqual([
      { name: 'loss_g', value: 1, isProgress: true, lossOf: 'a' },
      { name: 'loss_d', value: 2, isProgress: true, lossOf: undefined },
      { name: 'd_x', value: 3, isProgress: false, lossOf: undefined },
      { name: 'd_g_z', value: 4, isProgress: false, lossOf: undefined },
    ]);
  });
});
