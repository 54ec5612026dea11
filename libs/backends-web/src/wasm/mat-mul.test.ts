import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { array, expectClose, matMul, type Plain, tensor } from '@gradcast/engine/conformance';
import { wasmBinaries } from '../for-tests/wasm-binaries.ts';
import { startWasm } from './start.ts';

const TOLERANCE = 2e-6;

const side = fc.integer({ min: 1, max: 12 });
const batches = fc.record({
  batch: fc.integer({ min: 1, max: 4 }),
  rows: side,
  inner: side,
  columns: side,
  a: fc.boolean(),
  b: fc.boolean(),
});

/** One matrix of a batch. */
function nth({ shape, values }: Plain, index: number): Plain {
  const size = shape[1] * shape[2];
  return { shape: shape.slice(1), values: values.slice(index * size, (index + 1) * size) };
}

describe('the wasm BatchMatMul', () => {
  beforeAll(() => startWasm(wasmBinaries()));

  it('multiplies each pair of a batch, transposed or not', async () => {
    await fc.assert(
      fc.asyncProperty(batches, async ({ batch, rows, inner, columns, a, b }) => {
        const left = array(a ? [batch, inner, rows] : [batch, rows, inner], 1);
        const right = array(b ? [batch, columns, inner] : [batch, inner, columns], 2);
        const before = tf.memory().numTensors;
        const product = tf.tidy(() => tf.matMul(tensor(left) as tf.Tensor3D, tensor(right) as tf.Tensor3D, a, b));
        const pairs = Array.from({ length: batch }, (_, i) => matMul(nth(left, i), nth(right, i), { a, b }));
        const values = Float64Array.from(pairs.flatMap((pair) => Array.from(pair.values)));
        await expectClose(product, { shape: [batch, rows, columns], values }, TOLERANCE);
        expect(tf.memory().numTensors).toBe(before);
      }),
      { seed: 20_261 },
    );
  });

  it('multiplies a batch by one matrix', async () => {
    const [many, one] = [array([3, 4, 5], 3), array([1, 5, 2], 4)];
    const product = tf.tidy(() => tf.matMul(tensor(many) as tf.Tensor3D, tensor(one) as tf.Tensor3D));
    const pairs = [0, 1, 2].map((i) => matMul(nth(many, i), nth(one, 0), { a: false, b: false }));
    const values = Float64Array.from(pairs.flatMap((pair) => Array.from(pair.values)));
    await expectClose(product, { shape: [3, 4, 2], values }, TOLERANCE);
  });
});
