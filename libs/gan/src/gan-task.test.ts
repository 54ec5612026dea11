import { describe, expect, it } from 'vitest';
import { ganTask } from './gan-task.ts';
import { ModelError } from '@gradcast/network';
import { presetNames, presets } from './presets.ts';
import type { Preset } from './presets.ts';
import { tinyPresets } from './tiny-presets.ts';

function counts(preset: Preset) {
  const model = ganTask(preset);
  const size = (network: string) =>
    model.parameters.entries.filter(({ name }) => name.startsWith(network)).reduce((sum, entry) => sum + entry.size, 0);
  return [size('generator/'), size('discriminator/')];
}

describe('ganTask', () => {
  it('has the parameter counts the presets are known by', () => {
    expect(counts(presets.classic)).toEqual([1_057_601, 2_306_818]);
    expect(counts(presets.tutorial)).toEqual([2_305_472, 212_865]);
    expect(counts(presets.dcgan)).toEqual([759_681, 138_561]);
    expect(counts(presets.mnist)).toEqual([167_681, 42_353]);
    expect(counts(presets.conditional)).toEqual([168_833, 52_593]);
  });

  it.each(presetNames)('lays the generator of %s first and each tensor on a 64-byte boundary', (name) => {
    const model = ganTask(presets[name]);
    expect(model.preset.name).toBe(name);
    for (const { name: tensor, offset } of model.parameters.entries) {
      expect(offset % 16).toBe(0);
      expect(tensor.startsWith('generator/')).toBe(offset < model.groups[0].to);
    }
  });

  it('names tensors by network, layer and role', () => {
    expect(ganTask(presets.dcgan).parameters.entries.map(({ name, shape }) => `${name} [${shape.join()}]`)).toEqual([
      'generator/dense/kernel [100,6272]',
      'generator/batch_norm/gamma [128]',
      'generator/batch_norm/beta [128]',
      'generator/conv_transpose/kernel [4,4,64,128]',
      'generator/batch_norm_1/gamma [64]',
      'generator/batch_norm_1/beta [64]',
      'generator/conv_transpose_1/kernel [4,4,1,64]',
      'generator/conv_transpose_1/bias [1]',
      'discriminator/conv/kernel [4,4,1,64]',
      'discriminator/conv/bias [64]',
      'discriminator/conv_1/kernel [4,4,64,128]',
      'discriminator/conv_1/bias [128]',
      'discriminator/dense/kernel [6272,1]',
      'discriminator/dense/bias [1]',
    ]);
  });

  it('puts BatchNorm statistics and then the scalars into the tail', () => {
    const { tail, running } = ganTask(presets.tutorial);
    const statistics = ['', '_1', '_2'].flatMap((n) => [
      `generator/batch_norm${n}/mean`,
      `generator/batch_norm${n}/variance`,
    ]);
    expect(running.entries.map(({ name }) => name)).toEqual(statistics);
    expect(tail.entries.map(({ name }) => name)).toEqual([
      ...statistics,
      'loss_g',
      'loss_d',
      'd_x',
      'd_g_z',
      'samples',
    ]);
    expect(tail.entries.map(({ size }) => size)).toEqual([12_544, 12_544, 128, 128, 64, 64, 1, 1, 1, 1, 1]);
    expect(ganTask(presets.classic).running.length).toBe(0);
  });

  it('has labels where the networks are told the class, in the step and for samples', () => {
    const { fields, output, parameters } = ganTask(presets.conditional);
    expect(fields.map(({ name, source }) => [name, source])).toEqual([
      ['images', 'image'],
      ['noise', 'noise'],
      ['labels', 'label'],
      ['perturbation', 'noise'],
    ]);
    expect(output?.inputs.map(({ name }) => name)).toEqual(['noise', 'labels']);
    const told = parameters.entries.filter(({ name }) => /class_batch_norm|projection/.test(name));
    expect(told.map(({ name, shape }) => `${name} [${shape.join()}]`)).toEqual([
      'generator/class_batch_norm/gamma [10,32]',
      'generator/class_batch_norm/beta [10,32]',
      'generator/class_batch_norm_1/gamma [10,16]',
      'generator/class_batch_norm_1/beta [10,16]',
      'generator/class_batch_norm_2/gamma [10,16]',
      'generator/class_batch_norm_2/beta [10,16]',
      'discriminator/projection/kernel [1024,1]',
      'discriminator/projection/embedding [10,1024]',
      'discriminator/projection/bias [1]',
    ]);
    expect(ganTask(presets.mnist).fields.map(({ name }) => name)).toEqual(['images', 'noise', 'perturbation']);
    expect(ganTask(presets.dcgan).fields.map(({ name }) => name)).toEqual(['images', 'noise']);
  });

  it('names every preset once, the default first', () => {
    expect([...presetNames].sort()).toEqual(Object.keys(presets).sort());
    expect(presetNames[0]).toBe('mnist');
  });

  it('trains each preset for the images it is known by', () => {
    const images = presetNames.map((name) => {
      const { defaultSteps, microBatch, microBatches } = presets[name];
      return defaultSteps * microBatch * microBatches;
    });
    expect(images).toEqual([600_064, 600_064, 240_000, 60_000, 120_064]);
  });

  it('asks 16 samples of a micro-batch with BatchNorm', () => {
    expect(presetNames.map((name) => ganTask(presets[name]).minimumMicroBatch)).toEqual([16, 16, 16, 1, 16]);
    for (const preset of [...Object.values(presets), ...Object.values(tinyPresets)]) {
      expect(preset.microBatch).toBeGreaterThanOrEqual(ganTask(preset).minimumMicroBatch);
      expect(Math.log2(preset.microBatches) % 1).toBe(0);
    }
  });

  const { sigmoid, softmax, conditional } = tinyPresets;
  it.each<[string, Preset]>([
    ['a dense layer over an image', { ...sigmoid, discriminator: [{ kind: 'dense', units: 1, bias: true }] }],
    ['a convolution over a vector', { ...sigmoid, generator: sigmoid.generator.slice(4) }],
    ['a reshape that loses elements', { ...sigmoid, generator: [{ kind: 'reshape', shape: [2, 2, 4] }] }],
    ['a generator of another size', { ...sigmoid, image: [16, 16, 1] }],
    ['logits that do not fit the loss', { ...softmax, loss: 'sigmoid' }],
    ['BatchNorm without its constants', { ...sigmoid, batchNorm: undefined }],
    ['class labels without classes', { ...conditional, classes: undefined }],
    ['labels of other classes', { ...conditional, classes: 4 }],
    [
      'BatchNorm in the discriminator',
      { ...sigmoid, discriminator: [{ kind: 'batch_norm' }, ...sigmoid.discriminator] },
    ],
  ])('refuses %s', (_, preset) => {
    expect(() => ganTask(preset)).toThrow(ModelError);
    expect(() => ganTask(preset)).toThrow(expect.objectContaining({ code: 'model-spec' }));
  });
});
