import { genericKernels, ModelError } from '@gradcast/network';
import type { Kernels } from '@gradcast/network';
import { formulaMicroBatch, formulaParameters } from '@gradcast/task';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { ganTask } from './gan-task.ts';
import { GanProgram } from './gan-program.ts';
import { ganNetworks } from './gan-networks.ts';
import { ganLoss } from './loss.ts';
import { finiteDifferences, flatGradients, relativeDistance, toBatch, toTensors } from './test-device.ts';
import { tinyPresets } from './tiny-presets.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

function values(tensor: tf.Tensor): Float32Array {
  return tensor.dataSync<'float32'>();
}

describe.each(['sigmoid', 'softmax', 'conditional'] as const)('the GAN step, %s', (tiny) => {
  const model = ganTask(tinyPresets[tiny]);
  const { loss, classes } = model.preset;
  const parameters = formulaParameters(model);
  const batch = formulaMicroBatch(model, 4);

  /** Parameters whose discriminator adds `margin` to the log-odds of "real". */
  function shifted(margin: number): Float32Array {
    const vector = parameters.slice();
    const bias = model.parameters.entries.findLast(({ name }) => name.endsWith('/bias'))!;
    vector[bias.offset + bias.size - 1] = margin;
    return vector;
  }

  it('has the gradients of finite differences in every tensor', async () => {
    // The kinks of (leaky) ReLU ask for a small step; the smooth network is flatter, so f32 asks for a wide one.
    const { gain, step } = loss === 'sigmoid' ? { gain: 1, step: 2 ** -10 } : { gain: 2, step: 2 ** -5 };
    for (const { name, exact, differences } of await finiteDifferences(model, parameters, batch, { gain, step })) {
      expect(
        exact.some((x) => x !== 0),
        name,
      ).toBe(true);
      expect(relativeDistance(differences, exact), name).toBeLessThan(0.005);
    }
  });

  it.each([-200, -41, -39, -20, 0, 20, 60])('equals two passes at margin %d', async (margin) => {
    const vector = shifted(margin);
    const [one, two] = [
      await flatGradients(model, vector, batch),
      await flatGradients(model, vector, batch, { twoPass: true }),
    ];
    const cut = model.groups[0].to;
    expect(relativeDistance(one.gradient.subarray(0, cut), two.gradient.subarray(0, cut))).toBeLessThan(2e-5);
    expect(one.gradient.subarray(cut)).toEqual(two.gradient.subarray(cut));
    expect(one.tail).toEqual(two.tail);
    expect(one.scalars).toEqual(two.scalars);
    expect(one.gradient.every(Number.isFinite)).toBe(true);
    expect(one.gradient.subarray(0, cut).some((x) => x !== 0)).toBe(true);
  });

  it('keeps the generator gradient where the gradient of the fake images by the other loss is zero in f32', async () => {
    const vector = shifted(-200);
    const fake = ganLoss(loss, Float32Array.from(loss === 'softmax' ? [0, 0, 0, -200] : [0, -200]));
    expect(fake.discriminatorSeed.at(-1)).toBe(0);
    const { gradient } = await flatGradients(model, vector, batch);
    expect(gradient.subarray(0, model.groups[0].to).some((x) => Math.abs(x) > 1e-6)).toBe(true);
  });

  it('runs one backward pass, and the input gradient of the first layer for fake samples only', async () => {
    const filterGradients: number[] = [];
    const inputGradients: number[][] = [];
    const counting: Kernels = {
      ...genericKernels,
      conv2dFilterGradient: (x, dy, shape, window) => {
        filterGradients.push(x.shape[0]);
        return genericKernels.conv2dFilterGradient(x, dy, shape, window);
      },
      conv2dInputGradient: (dy, filter, shape, window) => {
        inputGradients.push(shape);
        return genericKernels.conv2dInputGradient(dy, filter, shape, window);
      },
    };
    const run = async (vector: Float32Array) => {
      filterGradients.length = inputGradients.length = 0;
      await flatGradients(model, vector, batch, { kernels: counting });
      const image = model.preset.image.join();
      const toImage = inputGradients.filter((shape) => shape.slice(1).join() === image);
      return {
        discriminator: filterGradients.filter((samples) => samples === 8).length,
        toImage: toImage.map(([n]) => n),
      };
    };
    // The generator's last layer makes the first such call, the discriminator's first layer the other.
    expect(await run(parameters)).toEqual({ discriminator: 2, toImage: [4, 4] });
    expect(await run(shifted(-60))).toEqual({ discriminator: 2, toImage: [4, 4] });
  });

  it('gives the same bits twice', async () => {
    expect(await flatGradients(model, parameters, batch)).toEqual(await flatGradients(model, parameters, batch));
  });

  it('is a mean over samples: a batch of twins has the gradient of one', async () => {
    const { latent } = model.preset;
    const pixels = batch.fields.images.length / 4;
    const twice = (size: number) => ({
      size,
      fields: {
        images: Uint8Array.from({ length: size * pixels }, (_, i) => batch.fields.images[i % (2 * pixels)]),
        noise: Float32Array.from({ length: size * latent }, (_, i) => batch.fields.noise[i % (2 * latent)]),
        ...(classes && { labels: Uint8Array.from({ length: size }, (_, i) => batch.fields.labels[i % 2]) }),
      },
    });
    const [two, six] = [
      await flatGradients(model, parameters, twice(2)),
      await flatGradients(model, parameters, twice(6)),
    ];
    expect(relativeDistance(six.gradient, two.gradient)).toBeLessThan(1e-5);
    expect(relativeDistance(six.tail, two.tail)).toBeLessThan(1e-5);
    expect([two.scalars.samples, six.scalars.samples]).toEqual([2, 6]);
  });

  it('leaves only its results on the device', async () => {
    const gan = new GanProgram(model.preset, { kernels: genericKernels });
    const tensors = toTensors(model, parameters);
    const given = toBatch(model, batch);
    const before = tf.memory().numTensors;
    const { gradients, statistics } = await gan.gradients(tensors, given);
    expect(Object.keys(gradients).sort()).toEqual(model.parameters.entries.map(({ name }) => name).sort());
    expect(Object.keys(statistics)).toEqual(model.running.entries.map(({ name }) => name));
    expect(tf.memory().numTensors - before).toBe(model.parameters.entries.length + model.running.entries.length);
    tf.dispose([gradients, statistics]);
    const reference = gan.statistics(tensors, given);
    tf.dispose([gan.infer(tensors, given, reference), reference]);
    expect(tf.memory().numTensors).toBe(before);
    tf.dispose([tensors, given]);
  });

  it('leaves nothing on the device when a kernel fails', async () => {
    const failing: Kernels = {
      ...genericKernels,
      biasGradient: () => {
        throw new Error('device lost');
      },
    };
    const tensors = toTensors(model, parameters);
    const given = toBatch(model, batch);
    const before = tf.memory().numTensors;
    await expect(new GanProgram(model.preset, { kernels: failing }).gradients(tensors, given)).rejects.toThrow(
      'device lost',
    );
    expect(tf.memory().numTensors).toBe(before);
    tf.dispose([tensors, given]);
  });

  it('refuses images and noise of different counts', async () => {
    const given = {
      images: tf.zeros<tf.Rank.R4>([2, ...model.preset.image]),
      noise: tf.zeros<tf.Rank.R2>([3, model.preset.latent]),
    };
    const step = new GanProgram(model.preset, { kernels: genericKernels }).gradients({}, given);
    await expect(step).rejects.toThrow(ModelError);
    await expect(step).rejects.toMatchObject({ code: 'model-input' });
    tf.dispose([given.images, given.noise]);
  });

  it('generates each sample by the statistics of the reference batch, whatever the others are', () => {
    const gan = new GanProgram(model.preset, { kernels: genericKernels });
    const tensors = toTensors(model, parameters);
    const { images, ...inputs } = toBatch(model, batch);
    const { noise, labels } = inputs;
    const reference = gan.statistics(tensors, inputs);
    const all = gan.infer(tensors, inputs, reference);
    expect(all.shape).toEqual([4, ...model.preset.image]);
    const alone = { noise: tf.slice(noise, [3, 0]), ...(labels && { labels: tf.slice(labels, 3) }) };
    const last = gan.infer(tensors, alone, reference);
    expect(relativeDistance(values(last), values(tf.slice(all, [3, 0, 0, 0])))).toBe(0);
    const trained = ganNetworks(model.preset).generator.forward(noise, {
      kernels: genericKernels,
      parameters: tensors,
      ...(labels && { labels }),
    });
    expect(relativeDistance(values(all), values(trained.output))).toBeLessThan(1e-5);
    const other = gan.infer(tensors, inputs, gan.statistics(tensors, { ...inputs, noise: tf.mul(noise, 0.5) }));
    const moved = relativeDistance(values(other), values(all));
    if (model.preset.batchNorm) expect(moved).toBeGreaterThan(0.01);
    else expect(moved).toBe(0);
    tf.dispose([tensors, images]);
  });
});
