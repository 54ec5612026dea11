import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import type { NamedTensorMap, Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { genericKernels as kernels } from '../generic-kernels.ts';
import { layers } from '../layer-spec.ts';
import type { LayerSpec } from '../layer-spec.ts';
import { Network } from '../network.ts';
import { oneHot } from './class-labels.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const CLASSES = 3;
const EPSILON = 1e-3;

function network(input: readonly number[], specs: readonly LayerSpec[]): Network {
  return new Network({ name: 'net', input, layers: specs, batchNormEpsilon: EPSILON });
}

function random(shape: readonly number[], seed: number): Tensor {
  return tf.randomNormal([...shape], 0, 1, 'float32', seed);
}

function values(tensor: Tensor): number[] {
  return [...tensor.dataSync<'float32'>()];
}

function expectClose(actual: Tensor, expected: Tensor): void {
  expect(actual.shape).toEqual(expected.shape);
  const apart = tf.max(tf.abs(tf.sub(actual, expected))).dataSync()[0];
  expect(apart).toBeLessThan(1e-4);
}

interface Passes {
  readonly y: Tensor;
  readonly dx: Tensor;
  readonly gradients: NamedTensorMap;
}

function passes(
  net: Network,
  { parameters, x, dy, labels }: { parameters: NamedTensorMap; x: Tensor; dy: Tensor; labels?: Tensor },
): Passes {
  const pass = { kernels, parameters, ...(labels && { labels }) };
  const trace = net.forward(x, pass);
  const { dx, gradients } = net.backward(trace, dy, pass, { parameterGradients: true, inputFrom: 0 });
  return { y: trace.output, dx: dx!, gradients };
}

describe('oneHot', () => {
  it('has a one at each class, and none for a label that is no class', () => {
    const hot = oneHot('net', { labels: tf.tensor1d([2, 0, 3, 2]) }, CLASSES);
    expect(hot.arraySync()).toEqual([
      [0, 0, 1],
      [1, 0, 0],
      [0, 0, 0],
      [0, 0, 1],
    ]);
  });

  it('asks for labels', () => {
    const net = network([4], [layers.projection(CLASSES)]);
    const parameters = Object.fromEntries(net.parameters.map(({ name, shape }) => [name, tf.ones([...shape])]));
    const run = () => net.forward(tf.ones([2, 4]), { kernels, parameters });
    expect(run).toThrow(expect.objectContaining({ code: 'model-input', message: 'net/projection needs labels' }));
  });
});

describe.each([[[5]], [[3, 2, 5]]])('classBatchNorm over %j', (shape) => {
  const told = network(shape, [layers.classBatchNorm(CLASSES)]);
  const untold = network(shape, [layers.batchNorm()]);
  const labels = () => tf.tensor1d([0, 2, 2, 0, 2, 0]);
  const given = () => ({ x: random([6, ...shape], 1), dy: random([6, ...shape], 2) });
  const rows = (row: Tensor) => tf.mul(tf.ones([CLASSES, 1]), row);

  it('is BatchNorm where all classes have one scale and shift, and their gradients add up to its', () => {
    const [gamma, beta] = [random([5], 3), random([5], 4)];
    const all = passes(untold, {
      ...given(),
      parameters: { 'net/batch_norm/gamma': gamma, 'net/batch_norm/beta': beta },
    });
    const parameters = { 'net/class_batch_norm/gamma': rows(gamma), 'net/class_batch_norm/beta': rows(beta) };
    const found = passes(told, { ...given(), parameters, labels: labels() });
    expectClose(found.y, all.y);
    expectClose(found.dx, all.dx);
    for (const part of ['gamma', 'beta']) {
      const gradient = found.gradients[`net/class_batch_norm/${part}`];
      expect(gradient.shape).toEqual([CLASSES, 5]);
      expectClose(tf.sum(gradient, 0), all.gradients[`net/batch_norm/${part}`]);
      // No sample of the second class.
      expect(values(tf.slice(gradient, [1, 0], [1, 5]))).toEqual([0, 0, 0, 0, 0]);
      expect(values(tf.slice(gradient, [0, 0], [1, 5])).every((value) => value !== 0)).toBe(true);
    }
  });

  it('scales and shifts each sample by its class, also with given statistics', () => {
    const gamma = random([CLASSES, 5], 5);
    const beta = random([CLASSES, 5], 6);
    const parameters = { 'net/class_batch_norm/gamma': gamma, 'net/class_batch_norm/beta': beta };
    const { x } = given();
    const pass = { kernels, parameters, labels: labels() };
    const { output, statistics } = told.forward(x, pass);
    const plain = { 'net/batch_norm/gamma': tf.ones([5]), 'net/batch_norm/beta': tf.zeros([5]) };
    const normalized = untold.forward(x, { kernels, parameters: plain }).output;
    const own = (table: Tensor) =>
      tf.reshape(tf.gather(table, tf.tensor1d([0, 2, 2, 0, 2, 0], 'int32')), [6, ...shape.slice(1).map(() => 1), 5]);
    expectClose(output, tf.add(tf.mul(normalized, own(gamma)), own(beta)));
    expectClose(told.apply(x, { ...pass, statistics }), output);
  });
});

describe('projection', () => {
  const net = network([7], [layers.projection(CLASSES)]);

  it('is a dense unit and the product with the embedding of the label', () => {
    const [kernel, bias, embedding] = [random([7, 1], 1), random([1], 2), random([CLASSES, 7], 3)];
    const parameters = {
      'net/projection/kernel': kernel,
      'net/projection/bias': bias,
      'net/projection/embedding': embedding,
    };
    const [x, dy, labels] = [random([4, 7], 4), random([4, 1], 5), tf.tensor1d([1, 0, 1, 1])];
    const { y, dx, gradients } = passes(net, { parameters, x, dy, labels });
    const own = tf.gather(embedding, tf.cast(labels, 'int32'));
    const dense = tf.add(tf.matMul(x as tf.Tensor2D, kernel as tf.Tensor2D), bias);
    expectClose(y, tf.add(dense, tf.sum(tf.mul(x, own), 1, true)));
    expectClose(dx, tf.mul(dy, tf.add(tf.reshape(kernel, [1, 7]), own)));
    const weighted = tf.mul(dy, x);
    expectClose(gradients['net/projection/kernel'], tf.reshape(tf.sum(weighted, 0), [7, 1]));
    expectClose(gradients['net/projection/bias'], tf.sum(dy, 0));
    const [first, ...rest] = tf.unstack(weighted) as [Tensor, Tensor, Tensor, Tensor];
    const ofOnes = tf.add(tf.add(first, rest[1]), rest[2]);
    expectClose(gradients['net/projection/embedding'], tf.stack([rest[0], ofOnes, tf.zeros([7])]));
  });

  it('gives the gradient by its input from a sample on', () => {
    const parameters = Object.fromEntries(net.parameters.map(({ name, shape }, i) => [name, random(shape, i)]));
    const pass = { kernels, parameters, labels: tf.tensor1d([1, 0, 2]) };
    const trace = net.forward(random([3, 7], 4), pass);
    const dy = random([3, 1], 5);
    const whole = net.backward(trace, dy, pass, { parameterGradients: true, inputFrom: 0 });
    const part = net.backward(trace, dy, pass, { parameterGradients: false, inputFrom: 2 });
    expect(part.gradients).toEqual({});
    expectClose(part.dx!, tf.slice(whole.dx!, [2, 0]));
  });
});

describe('layers by class', () => {
  it.each([1, 257, 2.5])('refuse %d classes', (classes) => {
    for (const spec of [layers.classBatchNorm(classes), layers.projection(classes)]) {
      expect(() => network([4], [spec])).toThrow(`needs from 2 to 256 classes, not ${classes}`);
    }
  });

  it('agree on their number within a network', () => {
    const specs = [layers.classBatchNorm(3), layers.projection(4)];
    expect(() => network([4], specs)).toThrow('the net is told of 3 and of 4 classes');
    expect(network([4], [layers.classBatchNorm(3), layers.projection(3)]).classes).toBe(3);
    expect(network([4], [layers.batchNorm()]).classes).toBeUndefined();
  });

  it('need what fits them', () => {
    expect(() => network([2, 2, 1], [layers.projection(3)])).toThrow('net/projection needs a flat input');
    const bare = () => new Network({ name: 'net', input: [4], layers: [layers.classBatchNorm(3)] });
    expect(bare).toThrow("net/class_batch_norm needs BatchNorm's constants");
  });
});
