import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import type { NamedTensorMap } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { genericKernels as kernels } from '../generic-kernels.ts';
import { layers } from '../layer-spec.ts';
import type { LayerSpec } from '../layer-spec.ts';
import { ModelError } from '../model-error.ts';
import { disposeTrace, Network } from '../network.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const image = [3, 5, 2] as const;
const FILTERS = 4;

function network(specs: readonly LayerSpec[], input: readonly number[] = image): Network {
  return new Network({ name: 'net', input, layers: specs });
}

/** Output and gradients of a network at given values, in the order of its parameters, the input's last. */
function passes(net: Network, values: readonly tf.Tensor[], x: tf.Tensor, dy: tf.Tensor): Float32Array[] {
  return tf.tidy(() => {
    const parameters: NamedTensorMap = Object.fromEntries(net.parameters.map(({ name }, i) => [name, values[i]]));
    const pass = { kernels, parameters };
    const trace = net.forward(x, pass);
    const { gradients, dx } = net.backward(trace, dy, pass, { parameterGradients: true, inputFrom: 1 });
    const found = [trace.output, ...net.parameters.map(({ name }) => gradients[name]), dx!];
    return found.map((tensor) => tensor.dataSync<'float32'>());
  });
}

function expectClose(actual: Float32Array, expected: Float32Array): void {
  expect(actual).toHaveLength(expected.length);
  const scale = Math.max(...expected.map(Math.abs));
  expect(scale).toBeGreaterThan(0);
  const apart = expected.map((value, i) => Math.abs(actual[i] - value) / scale);
  expect(Math.max(...apart)).toBeLessThan(1e-5);
}

describe('resizeConv', () => {
  it.each([
    [2, 1],
    [2, 3],
    [2, 5],
    [3, 3],
    [4, 3],
    [3, 5],
  ])('is a resize by %d and a convolution of %d x %d taps, forward and backward', (factor, kernel) => {
    const one = network([layers.resizeConv(FILTERS, kernel, { factor })]);
    const two = network([layers.resize(factor), layers.conv(FILTERS, kernel)]);
    expect(one.outputShape).toEqual([factor * 3, factor * 5, FILTERS]);
    expect(one.outputShape).toEqual(two.outputShape);
    expect(one.parameters.map(({ shape }) => shape)).toEqual(two.parameters.map(({ shape }) => shape));
    const values = one.parameters.map(({ shape }, seed) => tf.randomNormal([...shape], 0, 1, 'float32', seed + 1));
    const x = tf.randomNormal([3, ...image], 0, 1, 'float32', 10);
    const dy = tf.randomNormal([3, ...one.outputShape], 0, 1, 'float32', 11);
    const expected = passes(two, values, x, dy);
    for (const [i, actual] of passes(one, values, x, dy).entries()) expectClose(actual, expected[i]);
    tf.dispose([values, x, dy]);
  });

  it('has no bias where none is asked for, and leaves nothing behind but its results', () => {
    const net = network([layers.resizeConv(FILTERS, 3, { bias: false })]);
    expect(net.parameters.map(({ name }) => name)).toEqual(['net/resize_conv/kernel']);
    const parameters = { 'net/resize_conv/kernel': tf.ones([3, 3, 2, FILTERS]) };
    const x = tf.ones([1, ...image]);
    const before = tf.memory().numTensors;
    const trace = net.forward(x, { kernels, parameters });
    const seed = tf.onesLike(trace.output);
    const { gradients } = net.backward(trace, seed, { kernels, parameters }, { parameterGradients: true });
    disposeTrace(trace);
    seed.dispose();
    expect(tf.memory().numTensors).toBe(before + 1);
    tf.dispose([gradients, parameters, x]);
  });

  it('needs an odd kernel', () => {
    expect(() => network([layers.resizeConv(FILTERS, 4)])).toThrow('net/resize_conv needs an odd kernel, not 4');
  });
});

describe('resize', () => {
  it.each([1, 2.5, 9, -2, NaN])('refuses a factor of %d', (factor) => {
    for (const spec of [layers.resize(factor), layers.resizeConv(1, 3, { factor })]) {
      expect(() => network([spec])).toThrow(ModelError);
      expect(() => network([spec])).toThrow(`needs a whole factor from 2 to 8, not ${factor}`);
    }
  });

  it('needs an image', () => {
    expect(() => network([layers.resize(2)], [6])).toThrow('net/resize needs an image, not shape [6]');
  });
});
