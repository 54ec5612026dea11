/**
 * The part of the conformance suite that runs whole gradients through an engine: against finite differences and two
 * passes, and against the promises of `GradientEngine` (pure, copying, leaving nothing behind).
 */
import * as tf from '@tensorflow/tfjs-core';
import { ganTask, tinyPresets } from '@gradcast/gan';
import type { GanScalar, GanTask } from '@gradcast/gan';
import { formulaMicroBatch, formulaParameters } from '@gradcast/task';
import type { GradientEngine, MicroBatch } from '@gradcast/task';
import { tensorView } from '@gradcast/tensors';
import { beforeAll, describe, expect, it } from 'vitest';
import type { LoadedBackend } from '../backend.ts';
import { createEngine } from '../engine.ts';
import { differenceError, distance, gradientOf, logitBias, norm, twoPassGradient } from './gradients.ts';

type TinyName = keyof typeof tinyPresets;

export interface EngineSuiteOptions {
  /** Parameters of each tensor that finite differences look at. */
  readonly places: number;
  /** Networks to try; all of them by default. */
  readonly tiny?: readonly TinyName[];
  /** Why the machine cannot run this backend; the tests are then reported as skipped. */
  readonly skip?: string | undefined;
}

/** Samples of a micro-batch of the tiny presets. */
const SAMPLES = 4;

/** The kinks of (leaky) ReLU ask for a small step; the smooth network is flatter, so f32 asks for a wide one. */
const differencesOf: Readonly<Record<TinyName, { readonly gain: number; readonly step: number }>> = {
  sigmoid: { gain: 1, step: 2 ** -10 },
  softmax: { gain: 2, step: 2 ** -5 },
  resized: { gain: 1, step: 2 ** -10 },
  conditional: { gain: 1, step: 2 ** -10 },
  relativistic: { gain: 1, step: 2 ** -8 },
};

function scalar(model: GanTask, vector: Float32Array, name: GanScalar): number {
  return tensorView(model.tail, vector.subarray(model.parameters.length), name)[0];
}

/** Declares the tests for one backend. */
export function engineConformance(name: string, load: () => Promise<LoadedBackend>, options: EngineSuiteOptions): void {
  const { places, tiny: names = Object.keys(tinyPresets) as TinyName[], skip } = options;
  const title = skip === undefined ? name : `${name} (skipped: ${skip})`;
  let backend: LoadedBackend;

  describe.skipIf(skip !== undefined).each(names)(`${title} engine, %s`, (tiny) => {
    const model = ganTask(tinyPresets[tiny]);
    const parameters = formulaParameters(model);
    const batch = formulaMicroBatch(model, SAMPLES);
    const noise = batch.fields.noise as Float32Array;
    /** What samples are drawn from; `place` says whose label each has. */
    const drawn = (values: Float32Array, place = (i: number) => i): MicroBatch => {
      const { latent, classes } = model.preset;
      const size = values.length / latent;
      const labels = classes && { labels: Uint8Array.from({ length: size }, (_, i) => place(i) % classes) };
      return { size, fields: { noise: values, ...labels } };
    };
    let engine: GradientEngine;

    beforeAll(async () => {
      backend = await load();
      engine = createEngine(model, backend);
    });

    it('has the gradients of finite differences in every tensor', async () => {
      const { gain, step } = differencesOf[tiny];
      const start = parameters.slice();
      for (const { name: tensor, offset, size } of model.parameters.entries) {
        for (let i = offset; i < offset + size; i++) start[i] *= tensor.endsWith('/kernel') ? gain : 1;
      }
      engine.load(start);
      const gradient = await gradientOf(engine, model, batch);
      const lossAt = async (own: 'loss_g' | 'loss_d', place: number, change: number): Promise<number> => {
        const moved = start.slice();
        moved[place] += change;
        engine.load(moved);
        return scalar(model, await gradientOf(engine, model, batch), own);
      };
      for (const { name: tensor, offset, size } of model.parameters.entries) {
        const own = tensor.startsWith('generator/') ? 'loss_g' : 'loss_d';
        const count = Math.min(size, places);
        const chosen = Array.from({ length: count }, (_, i) => Math.floor((i * size) / count));
        const differences: number[] = [];
        for (const place of chosen) {
          const rise = (await lossAt(own, offset + place, step)) - (await lossAt(own, offset + place, -step));
          differences.push(rise / (2 * step));
        }
        const exact = gradient.subarray(offset, offset + size);
        expect(norm(exact), tensor).toBeGreaterThan(0);
        // A loss is a float32, so its last bit moves every difference.
        const rounding = (Math.abs(scalar(model, gradient, own)) * 2 ** -23) / (2 * step);
        expect(differenceError(differences, chosen, exact, rounding), tensor).toBeLessThan(0.02);
      }
    });

    it.each([-60, 0, 20])('equals two backward passes at margin %d', async (margin) => {
      const shifted = parameters.slice();
      const bias = logitBias(model);
      shifted[bias.offset + bias.size - 1] = margin;
      engine.load(shifted);
      const one = await gradientOf(engine, model, batch);
      const two = await twoPassGradient(model, backend, shifted, batch);
      const cut = model.groups[1].from;
      const end = model.parameters.length;
      expect(two.subarray(0, cut).some((x) => x !== 0)).toBe(true);
      expect(distance(one.subarray(0, cut), two.subarray(0, cut))).toBeLessThan(1e-4);
      expect(distance(one.subarray(cut, end), two.subarray(cut, end))).toBeLessThan(1e-4);
    });

    it('gives the same bits for the same input, in any order and in another engine', async () => {
      engine.load(parameters);
      const first = await gradientOf(engine, model, batch);
      await gradientOf(engine, model, formulaMicroBatch(model, SAMPLES, 1));
      expect(await gradientOf(engine, model, batch)).toEqual(first);
      const other = createEngine(model, backend);
      other.load(parameters);
      expect(await gradientOf(other, model, batch)).toEqual(first);
      other.dispose();
    });

    it.each([0, 4])('does not notice what becomes of an array after load, %d bytes off alignment', async (offset) => {
      engine.load(parameters);
      const expected = await gradientOf(engine, model, batch);
      const mine = new Float32Array(new ArrayBuffer(4 * parameters.length + 64), offset, parameters.length);
      mine.set(parameters);
      engine.load(mine);
      mine.fill(NaN);
      expect(await gradientOf(engine, model, batch)).toEqual(expected);
      mine.fill(1);
      expect(await gradientOf(engine, model, batch)).toEqual(expected);
    });

    it('computes with the version that was loaded last, used or not', async () => {
      const versions = [1, 0.5, 2].map((factor) => parameters.map((value) => value * factor));
      const alone: Float32Array[] = [];
      for (const version of versions) {
        const fresh = createEngine(model, backend);
        fresh.load(version);
        alone.push(await gradientOf(fresh, model, batch));
        fresh.dispose();
      }
      for (const place of [0, 2, 1, 0]) {
        engine.load(versions[(place + 1) % 3]);
        engine.load(versions[place]);
        expect(await gradientOf(engine, model, batch)).toEqual(alone[place]);
      }
    });

    it('does not notice what becomes of a micro-batch while it computes', async () => {
      engine.load(parameters);
      const expected = await gradientOf(engine, model, batch);
      const lent = Object.fromEntries(Object.entries(batch.fields).map(([field, values]) => [field, values.slice()]));
      const running = gradientOf(engine, model, { size: SAMPLES, fields: lent });
      for (const values of Object.values(lent)) values.fill(values instanceof Uint8Array ? 255 : NaN);
      expect(await running).toEqual(expected);
    });

    it('writes every element, padding as zero', async () => {
      engine.load(parameters);
      const vector = await gradientOf(engine, model, batch);
      expect(vector.every(Number.isFinite)).toBe(true);
      for (const [layout, start] of [
        [model.parameters, 0],
        [model.tail, model.parameters.length],
      ] as const) {
        const used = new Set(
          layout.entries.flatMap(({ offset, size }) => Array.from({ length: size }, (_, i) => offset + i)),
        );
        for (let i = 0; i < layout.length; i++) if (!used.has(i)) expect(vector[start + i]).toBe(0);
      }
    });

    it('leaves nothing on the device', async () => {
      const fresh = createEngine(model, backend);
      const before = { tensors: tf.memory().numTensors, data: tf.engine().backend.numDataIds() };
      const count = () => ({ tensors: tf.memory().numTensors, data: tf.engine().backend.numDataIds() });
      fresh.load(parameters);
      const loaded = count();
      for (let round = 0; round < 2; round++) {
        await gradientOf(fresh, model, batch);
        await fresh.infer(drawn(noise), drawn(noise));
        fresh.load(parameters);
        expect(count()).toEqual(loaded);
      }
      fresh.dispose();
      expect(count()).toEqual(before);
    });

    it('generates images as bytes, each by its own noise and the statistics of the reference', async () => {
      engine.load(parameters);
      const { latent, image } = model.preset;
      const pixels = image[0] * image[1] * image[2];
      const all = await engine.infer(drawn(noise), drawn(noise));
      expect(all).toHaveLength(SAMPLES * pixels);
      expect(new Set(all).size).toBeGreaterThan(8);
      const last = await engine.infer(
        drawn(noise.subarray((SAMPLES - 1) * latent), () => SAMPLES - 1),
        drawn(noise),
      );
      // A byte may round the other way where a product is blocked by the size of the batch.
      const apart = last.map((byte, i) => Math.abs(byte - all[(SAMPLES - 1) * pixels + i]));
      expect(Math.max(...apart)).toBeLessThanOrEqual(1);
      const many = Float32Array.from({ length: 257 * latent }, (_, i) => noise[i % latent]);
      const repeated = await engine.infer(
        drawn(many, () => 0),
        drawn(noise),
      );
      let largest = 0;
      for (const [i, byte] of repeated.entries()) largest = Math.max(largest, Math.abs(byte - all[i % pixels]));
      expect(largest).toBeLessThanOrEqual(1);
    });

    it('refuses arrays of other lengths, calls before load and calls that overlap', async () => {
      const fresh = createEngine(model, backend);
      const into = new Float32Array(model.parameters.length + model.tail.length);
      await expect(fresh.gradient(batch, into)).rejects.toThrow('load() comes first');
      expect(() => fresh.load(parameters.subarray(1))).toThrow(RangeError);
      fresh.load(parameters);
      await expect(fresh.gradient(batch, into.subarray(1))).rejects.toThrow('gradient must have');
      await expect(fresh.gradient({ ...batch, size: 3 }, into)).rejects.toThrow('images must have');
      await expect(
        fresh.gradient({ ...batch, fields: { ...batch.fields, noise: noise.subarray(1) } }, into),
      ).rejects.toThrow('noise must have');
      const { size, fields } = drawn(noise);
      await expect(fresh.infer({ size, fields: { ...fields, noise: noise.subarray(1) } })).rejects.toThrow(
        'noise must have',
      );
      const running = fresh.gradient(batch, into);
      await expect(fresh.gradient(batch, into.slice())).rejects.toThrow('busy');
      await running;
      fresh.dispose();
      await expect(fresh.gradient(batch, into)).rejects.toThrow('load() comes first');
    });
  });
}
