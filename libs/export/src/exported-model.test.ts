import { defineTask, layers } from '@gradcast/network';
import { fields } from '@gradcast/task';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { ExportError } from './export-error.ts';
import { exportedModel } from './exported-model.ts';
import { forward } from './forward.ts';
import { tensorsOf } from './layer.ts';
import { distance, knownModel, knownTasks, SAMPLES } from './known-model.ts';

/** Folding BatchNorm rounds each weight once more. */
const TOLERANCE = 1e-5;

describe.each(Object.keys(knownTasks))('the exported %s', (name) => {
  it('gives what the program gives, sample by sample', async () => {
    const { model, inputs, labels, outputs } = await knownModel(knownTasks[name]());
    const [size, result] = [inputs.length / SAMPLES, outputs.length / SAMPLES];
    expect(new Set(outputs).size).toBeGreaterThan(10);
    for (let sample = 0; sample < SAMPLES; sample++) {
      const given = inputs.slice(sample * size, (sample + 1) * size);
      const known = outputs.slice(sample * result, (sample + 1) * result);
      expect(distance(forward(model.layers, given, labels[sample]), known)).toBeLessThan(TOLERANCE);
    }
  });

  it('has layers that follow each other, with tensors of unlike names and the sizes that they say', async () => {
    const { model } = await knownModel(knownTasks[name]());
    expect(model.layers[0].input).toEqual(model.input.shape);
    for (const [i, layer] of model.layers.entries()) {
      if (i > 0) expect(layer.input).toEqual(model.layers[i - 1].output);
    }
    const tensors = model.layers.flatMap(tensorsOf);
    expect(new Set(tensors.map((tensor) => tensor.name)).size).toBe(tensors.length);
    for (const { shape, data } of tensors) expect(shape.reduce((product, side) => product * side, 1)).toBe(data.length);
  });
});

describe('BatchNorm', () => {
  it('is folded wherever a linear layer comes before it, and stays where none does', async () => {
    const kinds = async (name: string) => (await knownModel(knownTasks[name]())).model.layers.map(({ kind }) => kind);
    expect(await kinds('mnist')).not.toContain('scale_shift');
    expect((await kinds('odd')).filter((kind) => kind === 'scale_shift')).toHaveLength(3);
  });
});

describe('exportedModel', () => {
  const noise = fields.noise('noise', { shape: [4] });
  const image = { kind: 'image', shape: [2, 2, 1], range: 'unit' } as const;
  const made = (
    infer?: (run: { inputs: tf.NamedTensorMap; networks: { net: (x: tf.Tensor) => tf.Tensor } }) => tf.Tensor,
  ) =>
    defineTask({
      name: 'made',
      fields: [noise],
      networks: { net: { input: [4], layers: [layers.dense(4), layers.reshape([2, 2, 1])] } },
      optimizer: { learningRate: 1e-3 },
      microBatch: 1,
      defaultSteps: 1,
      scalars: {},
      step: () => Promise.resolve({}),
      ...(infer && { output: { inputs: [noise], values: image, infer } }),
    });

  it.each([
    ['computes besides', made(({ inputs, networks: { net } }) => tf.tanh(net(inputs.noise))), 'is more than networks'],
    ['has no output', made(), 'is not said in its definition'],
  ])('refuses a task that %s', (_, task, sentence) => {
    const parameters = new Float32Array(task.parameters.length);
    const attempt = () => exportedModel({ task, step: 1, parameters, statistics: {} });
    expect(attempt).toThrow(ExportError);
    expect(attempt).toThrow(`the task made cannot be exported: its output ${sentence}`);
  });
});
