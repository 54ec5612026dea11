/** Steps with a relativistic loss or a penalty: against finite differences, two passes, and the penalty's own definition. */
import { genericKernels } from '@gradcast/network';
import { formulaMicroBatch, formulaParameters } from '@gradcast/task';
import { entryOf } from '@gradcast/tensors';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { ganNetworks } from './gan-networks.ts';
import { ganTask } from './gan-task.ts';
import { disturbedSamples, leastSamples } from './penalty.ts';
import type { Preset } from './presets.ts';
import { GAN_SCALARS } from './scalars.ts';
import { finiteDifferences, flatGradients, relativeDistance, toBatch, toTensors } from './test-device.ts';
import { tinyPresets } from './tiny-presets.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const { relativistic, conditional, softmax, sigmoid } = tinyPresets;
const penalty = { sigma: 0.5, weight: 2, share: 0.5 };
const SAMPLES = 4;

const CASES: readonly [string, Preset][] = [
  ['relativistic, alone', { ...relativistic, penalty: undefined, measuresFakes: undefined }],
  ['relativistic, with a penalty', relativistic],
  ['sigmoid, with a penalty', { ...relativistic, loss: 'sigmoid' }],
  ['softmax, with a penalty', { ...softmax, penalty: { ...penalty, share: 0.25 } }],
  ['conditional, relativistic, with a penalty', { ...conditional, loss: 'relativistic', penalty }],
];

describe.each(CASES)('the GAN step, %s', (_, preset) => {
  const model = ganTask(preset);
  const parameters = formulaParameters(model);
  const batch = formulaMicroBatch(model, SAMPLES);

  it('has the gradients of finite differences in every tensor', async () => {
    const { gain, step } = preset.loss === 'softmax' ? { gain: 2, step: 2 ** -5 } : { gain: 1, step: 2 ** -8 };
    const length = (vector: Float32Array) => relativeDistance(vector, new Float32Array(vector.length));
    for (const { name, exact, differences } of await finiteDifferences(model, parameters, batch, { gain, step })) {
      const isPairsBias = preset.loss === 'relativistic' && name === 'discriminator/projection/bias';
      // What is added to every logit has no effect on pairs.
      if (isPairsBias) expect(length(exact)).toBeLessThan(1e-6);
      else expect(relativeDistance(differences, exact), name).toBeLessThan(0.01);
    }
  });

  it.each([0.01, 1, 30, 300])('equals two passes with logits %d times as large', async (factor) => {
    const vector = parameters.slice();
    const last = model.parameters.entries.findLast(({ name }) => name.endsWith('/kernel'))!;
    for (let i = last.offset; i < last.offset + last.size; i++) vector[i] *= factor;
    const [one, two] = [
      await flatGradients(model, vector, batch),
      await flatGradients(model, vector, batch, { twoPass: true }),
    ];
    const cut = model.groups[0].to;
    expect(relativeDistance(one.gradient.subarray(0, cut), two.gradient.subarray(0, cut))).toBeLessThan(2e-5);
    expect(one.gradient.subarray(cut)).toEqual(two.gradient.subarray(cut));
    const { gradient_norm_fakes: found = 0, ...scalars } = one.scalars;
    const { gradient_norm_fakes: wanted = 0, ...others } = two.scalars;
    expect(scalars).toEqual(others);
    expect(Math.abs(found - wanted)).toBeLessThanOrEqual(2e-5 * wanted);
    expect(one.gradient.subarray(0, cut).some((x) => x !== 0)).toBe(true);
  });

  it('gives the same bits twice, and leaves only its results on the device', async () => {
    const first = await flatGradients(model, parameters, batch);
    const before = tf.memory().numTensors;
    expect(await flatGradients(model, parameters, batch)).toEqual(first);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('the penalty', () => {
  const model = ganTask(relativistic);
  const parameters = formulaParameters(model);
  const batch = formulaMicroBatch(model, SAMPLES);

  it('is that of the first samples, real and fake, moved by their own noise', async () => {
    const { generator, discriminator } = ganNetworks(relativistic);
    const pass = { kernels: genericKernels, parameters: toTensors(model, parameters) };
    const { images, noise } = toBatch(model, batch);
    const fakes = generator.forward(noise, pass).output as tf.Tensor4D;
    // Half an image of noise comes with each of four samples: the first two make that of sample 0, the others that of sample 1.
    const moves = tf.mul(tf.tensor4d(batch.fields.perturbation as Float32Array, [2, 8, 8, 1]), 0.5);
    const logit = (x: tf.Tensor) => discriminator.apply(x, pass).dataSync<'float32'>();
    const few = (x: tf.Tensor4D) => tf.slice(x, [0, 0, 0, 0], [2, 8, 8, 1]);
    let wanted = 0;
    for (const each of [images, fakes]) {
      const [still, moved] = [logit(few(each)), logit(tf.add(few(each), moves))];
      for (const i of [0, 1]) wanted += (2 / 2) * (still[i] - moved[i]) ** 2;
    }
    const { scalars } = await flatGradients(model, parameters, batch);
    expect(scalars.penalty).toBeGreaterThan(1e-6);
    expect(scalars.penalty! / wanted).toBeCloseTo(1, 4);
  });

  it('comes near to half of gamma times the squared gradient, as the noise gets small', async () => {
    const [gamma, sigma] = [3, 2 ** -6];
    const plain = { ...relativistic, penalty: { sigma, weight: gamma / (2 * sigma ** 2), share: 0.5 } };
    const task = ganTask(plain);
    const { generator, discriminator } = ganNetworks(plain);
    const pass = { kernels: genericKernels, parameters: toTensors(task, parameters) };
    const { images, noise } = toBatch(task, batch);
    const fakes = generator.forward(noise, pass).output as tf.Tensor4D;
    let squares = 0;
    for (const each of [images, fakes]) {
      const trace = discriminator.forward(tf.slice(each, [0, 0, 0, 0], [2, 8, 8, 1]), pass);
      const { dx } = discriminator.backward(trace, tf.ones([2, 1]), pass, { parameterGradients: false, inputFrom: 0 });
      for (const value of dx!.dataSync<'float32'>()) squares += value ** 2 / 2;
    }
    // The mean over many draws of the noise.
    let sum = 0;
    const draws = 200;
    for (let draw = 0; draw < draws; draw++) {
      const drawn = formulaMicroBatch(task, SAMPLES, draw + 1).fields.perturbation as Float32Array;
      // By formula they are uniform on [-2, 2), whose variance is 4 / 3.
      const fields = { ...batch.fields, perturbation: drawn.map((value) => value * Math.sqrt(3 / 4)) };
      sum += (await flatGradients(task, parameters, { size: SAMPLES, fields })).scalars.penalty!;
    }
    expect(sum / draws / ((gamma / 2) * squares)).toBeGreaterThan(0.8);
    expect(sum / draws / ((gamma / 2) * squares)).toBeLessThan(1.2);
  });

  it('disturbs a share of a micro-batch, at least one sample', () => {
    const of = (share: number) => ({ sigma: 1, weight: 1, share });
    expect([32, 31, 4].map((samples) => disturbedSamples(of(1 / 4), samples))).toEqual([8, 7, 1]);
    expect([15, 14].map((samples) => disturbedSamples(of(1 / 3), samples))).toEqual([5, 4]);
    expect([1, 1 / 4, 1 / 3, 1 / 7].map((share) => leastSamples(of(share)))).toEqual([1, 4, 3, 7]);
    expect(ganTask({ ...softmax, microBatch: 8, penalty: of(1 / 8) }).minimumMicroBatch).toBe(8);
  });

  it.each([{ sigma: 0 }, { weight: -1 }, { share: 0 }, { share: 1.5 }, { share: 1 / 7 }, { weight: NaN }])(
    'is refused with %o',
    (change) => {
      expect(() => ganTask({ ...relativistic, penalty: { ...penalty, ...change } })).toThrow('a penalty cannot have');
    },
  );
});

describe('what a preset asks for', () => {
  const names = (preset: Preset) => ganTask(preset).scalars.map(({ name }) => name);
  const usual = GAN_SCALARS.map(({ name }) => name);

  it('stands behind what every GAN has, whose tail and fields stay as they were', () => {
    expect(names(sigmoid)).toEqual(usual);
    expect(names({ ...sigmoid, penalty })).toEqual([...usual, 'penalty']);
    expect(names(relativistic)).toEqual([...usual, 'penalty', 'gradient_norm_fakes']);
    expect(ganTask(sigmoid).fields.map(({ name }) => name)).toEqual(['images', 'noise']);
    expect(ganTask(relativistic).fields.at(-1)).toMatchObject({ name: 'perturbation', shape: [32] });
    const [before, after] = [ganTask(sigmoid).tail.entries, ganTask(relativistic).tail.entries];
    expect(after.slice(0, before.length).map(({ name, offset }) => [name, offset])).toEqual(
      before.map(({ name, offset }) => [name, offset]),
    );
  });

  it('is the mean over the fakes of how the loss of each changes with its pixels', async () => {
    const model = ganTask({ ...relativistic, loss: 'sigmoid' });
    const parameters = formulaParameters(model);
    const batch = formulaMicroBatch(model, SAMPLES);
    const { generator, discriminator } = ganNetworks(model.preset);
    const pass = { kernels: genericKernels, parameters: toTensors(model, parameters) };
    const fakes = generator.forward(toBatch(model, batch).noise, pass).output;
    const trace = discriminator.forward(fakes, pass);
    const { dx } = discriminator.backward(trace, tf.neg(tf.sigmoid(tf.neg(trace.output))), pass, {
      parameterGradients: false,
      inputFrom: 0,
    });
    const wanted = tf.mean(tf.sqrt(tf.sum(tf.square(dx!), [1, 2, 3]))).dataSync()[0];
    const { scalars } = await flatGradients(model, parameters, batch);
    expect(scalars.gradient_norm_fakes).toBeGreaterThan(0);
    expect(scalars.gradient_norm_fakes! / wanted).toBeCloseTo(1, 5);
    expect(entryOf(model.tail, 'gradient_norm_fakes').size).toBe(1);
  });
});
