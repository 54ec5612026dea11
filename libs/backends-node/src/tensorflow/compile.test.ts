/** Needs the installed library: `gradcast doctor --install`. */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { loadTensorflow, type LoadedTensorflow } from './load.ts';

let loaded: LoadedTensorflow;
let before: { tensors: number; data: number };

function counted(): { tensors: number; data: number } {
  return { tensors: tf.memory().numTensors, data: tf.engine().backend.numDataIds() };
}

beforeAll(async () => {
  loaded = await loadTensorflow({ mode: 'graph' });
});

describe('a compiled function', () => {
  beforeEach(() => {
    before = counted();
  });
  afterEach(() => {
    expect(counted()).toEqual(before);
  });

  it('computes from what it is given, not from what it was recorded with', () => {
    let runs = 0;
    const affine = loaded.compile!(({ x, w }: { x: Tensor; w: Tensor }) => {
      runs += 1;
      return { y: tf.add(tf.mul(x, w), 1), shape: [tf.reshape(x, [2, 1])] };
    });
    tf.tidy(() => {
      const w = tf.tensor1d([10, 100]);
      for (const values of [
        [1, 2],
        [3, 4],
      ]) {
        const { y, shape } = affine.run({ x: tf.tensor1d(values), w });
        expect([...y.dataSync()]).toEqual([10 * values[0] + 1, 100 * values[1] + 1]);
        expect(shape[0].shape).toEqual([2, 1]);
        expect([...shape[0].dataSync()]).toEqual(values);
      }
    });
    expect(runs).toBe(1);
    affine.dispose();
  });

  it('is recorded anew for other shapes, and for tensors that were two and are one', () => {
    let runs = 0;
    const sum = loaded.compile!(({ a, b }: { a: Tensor; b: Tensor }) => {
      runs += 1;
      return tf.sub(a, b);
    });
    tf.tidy(() => {
      const [a, b] = [tf.tensor1d([5, 6]), tf.tensor1d([1, 2])];
      expect([...sum.run({ a, b }).dataSync()]).toEqual([4, 4]);
      expect([...sum.run({ a, b: a }).dataSync()]).toEqual([0, 0]);
      expect([...sum.run({ a: tf.tensor1d([3]), b: tf.tensor1d([1]) }).dataSync()]).toEqual([2]);
      expect([...sum.run({ a: b, b: a }).dataSync()]).toEqual([-4, -4]);
    });
    expect(runs).toBe(3);
    sum.dispose();
  });

  it('may return what it was given, twice the same, or a constant', () => {
    const mixed = loaded.compile!(({ x }: { x: Tensor }) => {
      const y = tf.square(x);
      return { x: tf.clone(x), y, again: y, constant: tf.tensor1d([7]) };
    });
    tf.tidy(() => {
      for (const value of [2, 3]) {
        const x = tf.tensor1d([value]);
        const result = mixed.run({ x });
        expect(result.x).not.toBe(x);
        expect(Object.values(result).map((tensor) => tensor.dataSync()[0])).toEqual([value, value ** 2, value ** 2, 7]);
      }
    });
    mixed.dispose();
  });

  it('keeps outputs apart from each other and from later calls', () => {
    const double = loaded.compile!(({ x }: { x: Tensor1D }) => tf.mul(x, 2));
    tf.tidy(() => {
      const first = double.run({ x: tf.tensor1d([1]) });
      const second = double.run({ x: tf.tensor1d([2]) });
      expect([first.dataSync()[0], second.dataSync()[0]]).toEqual([2, 4]);
    });
    double.dispose();
  });

  it('refuses a tensor that it was not given, and can be called again', () => {
    const stranger = tf.tensor1d([1]);
    tf.dispose(tf.add(stranger, 1));
    const faulty = loaded.compile!(({ x }: { x: Tensor }) => tf.add(x, stranger));
    const sound = loaded.compile!(({ x }: { x: Tensor }) => tf.add(x, x));
    tf.tidy(() => {
      const x = tf.tensor1d([4]);
      expect(() => faulty.run({ x })).toThrow('a tensor that it was not given');
      expect(() => loaded.compile!(() => sound.run({ x })).run({})).toThrow('cannot be part of another');
      expect(sound.run({ x }).dataSync()[0]).toBe(8);
    });
    stranger.dispose();
    sound.dispose();
  });

  it('leaves no file and no graph behind', () => {
    const folders = () => readdirSync(tmpdir()).filter((name) => name.startsWith('gradcast-graph-'));
    const graphs = () => loaded.backend.binding.getNumOfSavedModels();
    const start = { folders: folders(), graphs: graphs() };
    const negate = loaded.compile!(({ x }: { x: Tensor }) => tf.neg(x));
    tf.tidy(() => {
      for (const size of [1, 2])
        expect([...negate.run({ x: tf.ones([size]) }).dataSync()]).toEqual(Array(size).fill(-1));
    });
    expect({ folders: folders(), graphs: graphs() }).toEqual({ ...start, graphs: start.graphs + 2 });
    negate.dispose();
    expect(graphs()).toBe(start.graphs);
  });
});
