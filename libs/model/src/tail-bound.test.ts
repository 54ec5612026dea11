import { describe, expect, it } from 'vitest';
import { tensorView } from '@gradcast/tensors';
import { buildModel } from './build.ts';
import { tailFault } from './tail-bound.ts';
import { tinyPresets } from './tiny-presets.ts';

const model = buildModel(tinyPresets.sigmoid);
const names = model.tail.entries.map(({ name }) => name);
const mean = names.find((name) => name.endsWith('/mean'))!;
const variance = names.find((name) => name.endsWith('/variance'))!;

function fault(name: string, value: number, leaves = 1): string | undefined {
  const tail = new Float32Array(model.tail.length);
  tensorView(model.tail, tail, name)[0] = value;
  return tailFault(model, tail, leaves);
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
