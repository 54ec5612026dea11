import { readFileSync } from 'node:fs';
import { genericKernels } from '@gradcast/network';
import { formulaWord } from '@gradcast/task';
import { entryOf } from '@gradcast/tensors';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { GanProgram } from './gan-program.ts';
import { GRADIENT_TOLERANCE, kerasFixture, recordDeviation, recordMismatches, recordPlaces } from './keras-fixture.ts';
import type { KerasGradients } from './keras-fixture.ts';
import { flatGradients, toBatch, toTensors } from './test-device.ts';

function read(name: string): KerasGradients {
  const file = new URL(`../../../test/fixtures/keras/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')) as KerasGradients;
}

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describe('the formula', () => {
  it('has the bits that NumPy computes', () => {
    const words = [formulaWord(0, 0), formulaWord(0, 1), formulaWord(7, 123_456), formulaWord(1001, 399)];
    expect(words).toEqual([0, 1753845952, 3531801129, 672437097]);
  });

  it('gives every tensor its own numbers, none zero throughout', () => {
    const { model, parameters } = kerasFixture(read('dcgan'));
    const starts = model.parameters.entries.map(({ offset, size }) => parameters.subarray(offset, offset + size));
    expect(starts.every((view) => view.some((x) => x !== 0 && x !== 1))).toBe(true);
    expect(new Set(starts.map(([first]) => first)).size).toBe(starts.length);
  });

  it('records whole tensors of up to 64 elements, else 64 places', () => {
    expect(recordPlaces(3)).toEqual([0, 1, 2]);
    expect(recordPlaces(64)).toHaveLength(64);
    const places = recordPlaces(1000);
    expect(places).toHaveLength(64);
    expect(places.every((place) => place >= 0 && place < 1000)).toBe(true);
  });
});

describe.each(['dcgan', 'mnist'])('gradients of %s', (name) => {
  it("are Keras'", async () => {
    const { model, parameters, batches, expected } = kerasFixture(read(name));
    const { gradient, tail, scalars } = await flatGradients(model, parameters, batches[0]);
    for (const [scalar, value] of Object.entries(expected.scalars)) {
      expect(scalars[scalar as keyof typeof scalars], scalar).toBeCloseTo(value, 5);
    }
    const names = model.parameters.entries.map((entry) => entry.name);
    // Of pairs nothing depends on what is added to every logit.
    if (model.preset.loss === 'relativistic') expect(names.pop()).toBe('discriminator/dense/bias');
    expect(Object.keys(expected.gradients)).toEqual(names);
    expect(Object.keys(expected.statistics)).toEqual(model.running.entries.map((entry) => entry.name));
    expect(recordMismatches(gradient, model.parameters, expected.gradients)).toEqual([]);
    expect(recordMismatches(tail, model.tail, expected.statistics)).toEqual([]);
  }, 120_000);
});

describe.each(['classic', 'tutorial', 'dcgan', 'mnist', 'conditional'])('images of %s', (name) => {
  it("are Keras'", () => {
    const { model, parameters, batches, expected } = kerasFixture(read(name));
    const gan = new GanProgram(model.preset, { kernels: genericKernels });
    const images = tf.tidy(() => {
      const tensors = toTensors(model, parameters);
      const batch = toBatch(model, batches[0]);
      return gan.infer(tensors, batch, gan.statistics(tensors, batch)).dataSync<'float32'>();
    });
    const { norm, entry } = recordDeviation(images, expected.images);
    expect(norm).toBeLessThan(GRADIENT_TOLERANCE.norm);
    expect(entry).toBeLessThan(GRADIENT_TOLERANCE.entry);
  });
});

describe('recordMismatches', () => {
  const { model, parameters, expected } = kerasFixture(read('dcgan'));
  const name = 'discriminator/conv/bias';
  const { offset, size } = entryOf(model.parameters, name);
  const records = { [name]: expected.gradients[name] };
  const right = parameters.slice();
  right.set(records[name].values, offset);

  it('accepts the record itself', () => {
    expect(size).toBe(64);
    expect(recordMismatches(right, model.parameters, records)).toEqual([]);
  });

  it.each<[string, (x: number) => number]>([
    ['doubled', (x) => 2 * x],
    ['zero', () => 0],
    ['flipped', (x) => -x],
    ['not a number', () => NaN],
    ['off by a part in a hundred', (x) => 1.01 * x],
  ])('tells a tensor that is %s', (_, change) => {
    const wrong = right.slice();
    for (let i = offset; i < offset + size; i++) wrong[i] = change(wrong[i]);
    expect(recordMismatches(wrong, model.parameters, records)).toHaveLength(1);
  });
});
