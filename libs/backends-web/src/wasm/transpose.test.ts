import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { wasmBinaries } from '../for-tests/wasm-binaries.ts';
import { startWasm } from './start.ts';

/** Sides of two to five axes, and an order of them. */
const transpositions = fc
  .array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 })
  .chain((sides) => {
    const axes = sides.map((_, axis) => axis);
    return fc.record({
      sides: fc.constant(sides),
      order: fc.shuffledSubarray(axes, { minLength: axes.length }),
      last: fc.constantFrom(1, 3, 16, 40),
      // Whether the last axis moves, too: then elements move one by one.
      first: fc.boolean(),
    });
  })
  .map(({ sides, order, last, first }) => ({
    shape: [...sides, last],
    order: first ? [sides.length, ...order] : [...order, sides.length],
  }));

/** What lies where, element by element. */
function transposed(shape: readonly number[], order: readonly number[]): number[] {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  const place = (axis: number, offset: number): number[] =>
    axis === order.length
      ? [offset]
      : Array.from({ length: shape[order[axis]] }, (_, i) => place(axis + 1, offset + i * strides[order[axis]])).flat();
  return place(0, 0);
}

describe('the wasm Transpose', () => {
  beforeAll(() => startWasm(wasmBinaries()));

  it('moves every element to its place, in runs or one by one', () => {
    fc.assert(
      fc.property(transpositions, ({ shape, order }) => {
        const size = shape.reduce((a, b) => a * b, 1);
        const turned = tf.tidy(() => {
          const y = tf.transpose(tf.reshape(tf.range(0, size), shape), order);
          return { shape: y.shape, values: Array.from(y.dataSync()) };
        });
        expect(turned.shape).toEqual(order.map((axis) => shape[axis]));
        expect(turned.values).toEqual(transposed(shape, order));
      }),
      { seed: 20_261 },
    );
  });
});
