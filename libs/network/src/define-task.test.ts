import '@tensorflow/tfjs-backend-cpu';
import { fields, formulaMicroBatch, formulaParameters } from '@gradcast/task';
import { tensorView } from '@gradcast/tensors';
import * as tf from '@tensorflow/tfjs-core';
import type { NamedTensorMap } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { defineTask } from './define-task.ts';
import type { TaskDefinition } from './define-task.ts';
import { genericKernels } from './generic-kernels.ts';
import { layers } from './layer-spec.ts';
import { meanSquaredError } from './losses.ts';
import { ModelError } from './model-error.ts';
import type { Trainable } from './program.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const { dense, tanh, batchNorm } = layers;
const points = fields.noise('points', { shape: [3] });

/** Two networks, one of which runs twice, and the gradient of one through the other. */
const definition: TaskDefinition<'front' | 'back', 'loss'> = {
  name: 'twice',
  fields: [points],
  networks: {
    front: { input: [3], layers: [dense(4), batchNorm(), tanh()] },
    back: { input: [4], layers: [dense(3)] },
  },
  batchNorm: { epsilon: 1e-3, momentum: 0.9 },
  optimizer: { learningRate: 0.01 },
  average: { network: 'back', limit: 0.9 },
  microBatch: 16,
  defaultSteps: 10,
  scalars: { loss: { low: 0, lossOf: 'back' } },
  async step({ fields: batch, networks: { front, back } }) {
    let sum = 0;
    for (const scale of [1, 2]) {
      const hidden = front.forward(tf.mul(batch.points, scale));
      const output = back.forward(hidden);
      const { loss, seed } = await meanSquaredError(output, batch.points);
      front.backward(hidden, back.backward(output, seed, { input: true }));
      sum += loss;
    }
    return { loss: sum };
  },
  output: {
    inputs: [points],
    values: { kind: 'classes', classes: 3, label: fields.labels('labels', { classes: 3 }) },
    infer: ({ inputs, networks: { front, back } }) => back(front(inputs.points)),
  },
};

function tensorsOf(task: Trainable, vector: Float32Array): NamedTensorMap {
  return Object.fromEntries(
    task.parameters.entries.map(({ name, shape, offset, size }) => [
      name,
      tf.tensor(vector.slice(offset, offset + size), [...shape]),
    ]),
  );
}

function batchOf(task: Trainable, samples: number): NamedTensorMap {
  return { points: tf.tensor(formulaMicroBatch(task, samples).fields.points, [samples, 3]) };
}

async function lossAndGradient(task: Trainable, vector: Float32Array) {
  const parameters = tensorsOf(task, vector);
  const batch = batchOf(task, 16);
  const { gradients, statistics, scalars } = await task
    .createProgram({ kernels: genericKernels })
    .gradients(parameters, batch);
  const gradient = new Float32Array(vector.length);
  for (const [name, values] of Object.entries(gradients)) {
    tensorView(task.parameters, gradient, name).set(values.dataSync<'float32'>());
  }
  const names = Object.keys(statistics);
  tf.dispose([parameters, batch, gradients, statistics]);
  return { loss: scalars.loss, gradient, names };
}

describe('defineTask', () => {
  it('takes the names of networks from the networks, also where one of them is averaged', () => {
    const { name, fields, batchNorm, optimizer, microBatch, defaultSteps, scalars, networks } = definition;
    // Nothing says the names apart from `networks`: a step that could not use `front` would not compile.
    const task = defineTask({
      ...{ name, fields, batchNorm, optimizer, microBatch, defaultSteps, scalars },
      average: { network: 'back', limit: 0.9 },
      networks: { back: networks.back, front: networks.front },
      step: ({ networks: { front, back } }) => Promise.resolve({ loss: Number(front === back) }),
    });
    expect(task.groups.map((group) => group.name)).toEqual(['back', 'front']);
  });

  it('lays out networks in their order, with what was left open', () => {
    const task = defineTask(definition);
    expect(task.groups.map(({ name, from }) => [name, from])).toEqual([
      ['front', 0],
      ['back', task.groups[0].to],
    ]);
    expect(task.running.entries.map(({ name }) => name)).toEqual([
      'front/batch_norm/mean',
      'front/batch_norm/variance',
    ]);
    expect(task.tail.entries.at(-1)?.name).toBe('loss');
    expect(task).toMatchObject({ microBatches: 4, minimumMicroBatch: 16, runningMomentum: 0.9 });
    expect(task.optimizer).toEqual({ kind: 'adam', learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 });
    expect(task.average).toEqual({ group: task.groups[1], limit: 0.9 });
    expect(task.scalars).toEqual([{ name: 'loss', low: 0, high: 2 ** 62, shown: 'progress', lossOf: 'back' }]);
  });

  it('has a recipe of its own, within bounds', () => {
    const recipe = { lrSchedule: 'cosine', warmUpImages: 100, decayShare: 0.5, lrEndFactor: 0, clipNorm: 1 } as const;
    expect(defineTask({ ...definition, recipe }).recipe).toEqual(recipe);
    expect(defineTask(definition)).not.toHaveProperty('recipe');
    const wrong = [
      { lrSchedule: 'step' as 'linear' },
      { warmUpImages: -1 },
      { averageImages: 0.5 },
      { decayShare: 0 },
      { lrEndFactor: 1.5 },
      { clipNorm: NaN },
    ];
    for (const each of wrong) {
      const [key] = Object.keys(each);
      expect(() => defineTask({ ...definition, recipe: each })).toThrow(`${key} cannot be`);
    }
  });

  it('adds the gradients of every pass, as finite differences have them', async () => {
    const task = defineTask(definition);
    const vector = formulaParameters(task);
    const { gradient, names } = await lossAndGradient(task, vector);
    expect(names).toEqual(['front/batch_norm/mean', 'front/batch_norm/variance']);
    for (const { offset, size, name } of task.parameters.entries) {
      const place = offset + (size >> 1);
      const lossAt = async (change: number) => {
        const moved = vector.slice();
        moved[place] += change;
        return (await lossAndGradient(task, moved)).loss;
      };
      const step = 2 ** -7;
      const difference = ((await lossAt(step)) - (await lossAt(-step))) / (2 * step);
      // A bias before BatchNorm has no effect, and so no gradient.
      expect(difference, name).toBeCloseTo(gradient[place], 2);
    }
    expect(gradient.some((value) => Math.abs(value) > 0.01)).toBe(true);
  });

  it('leaves only its results on the device, also when a step fails', async () => {
    const task = defineTask(definition);
    const failing = defineTask({
      ...definition,
      step: ({ fields: batch, networks: { front } }) => {
        front.forward(batch.points);
        return Promise.reject(new Error('out of ideas'));
      },
    });
    const before = tf.memory().numTensors;
    await lossAndGradient(task, formulaParameters(task));
    expect(tf.memory().numTensors).toBe(before);
    const parameters = tensorsOf(task, formulaParameters(task));
    const batch = batchOf(task, 16);
    const program = failing.createProgram({ kernels: genericKernels });
    await expect(program.gradients(parameters, batch)).rejects.toThrow('out of ideas');
    tf.dispose([parameters, batch]);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('infers each sample by the statistics that it is given', () => {
    const task = defineTask(definition);
    const program = task.createProgram({ kernels: genericKernels });
    const parameters = tensorsOf(task, formulaParameters(task));
    const batch = batchOf(task, 16);
    const statistics = program.statistics(parameters, batch);
    const all = program.infer(parameters, batch, statistics);
    const last = program.infer(parameters, { points: tf.slice(batch.points, [15, 0]) }, statistics);
    expect(all.shape).toEqual([16, 3]);
    expect([...last.dataSync()]).toEqual([...all.dataSync()].slice(-3));
  });

  it('tells layers the class of each sample, in a step and in the output', async () => {
    const labels = fields.labels('labels', { classes: 3 });
    const task = defineTask<'net', 'loss'>({
      ...{ name: 'told', fields: [points, labels], microBatch: 16, defaultSteps: 1, scalars: { loss: {} } },
      networks: { net: { input: [3], layers: [layers.classBatchNorm(3)] } },
      ...{ batchNorm: { epsilon: 1e-3, momentum: 0.9 }, optimizer: { learningRate: 0.01 } },
      async step({ fields: batch, networks: { net } }) {
        const output = net.forward(batch.points, { labels: batch.labels });
        const { loss, seed } = await meanSquaredError(output, batch.points);
        net.backward(output, seed);
        return { loss };
      },
      output: {
        inputs: [points, labels],
        values: { kind: 'classes', classes: 3, label: labels },
        infer: ({ inputs, networks: { net } }) => net(inputs.points, { labels: inputs.labels }),
      },
    });
    const program = task.createProgram({ kernels: genericKernels });
    const parameters = tensorsOf(task, formulaParameters(task));
    const labelled = (label: number) => ({ ...batchOf(task, 16), labels: tf.fill([16], label) });
    const { gradients } = await program.gradients(parameters, labelled(1));
    const rows = [...gradients['net/class_batch_norm/gamma'].dataSync()];
    expect(rows.map((value) => value !== 0)).toEqual([false, false, false, true, true, true, false, false, false]);
    const statistics = program.statistics(parameters, labelled(1));
    const given = (label: number) => [...program.infer(parameters, labelled(label), statistics).dataSync()];
    expect(given(0)).not.toEqual(given(2));
  });

  it('says which parameter or scalar a step left out', async () => {
    const without = (step: typeof definition.step) => {
      const task = defineTask({ ...definition, step });
      const program = task.createProgram({ kernels: genericKernels });
      return program.gradients(tensorsOf(task, formulaParameters(task)), batchOf(task, 16));
    };
    await expect(without(() => Promise.resolve({ loss: 1 }))).rejects.toThrow('no gradient for front/dense/kernel');
    await expect(
      without(async (step) => ({ ...(await definition.step(step)), loss: undefined as unknown as number })),
    ).rejects.toThrow('no number for loss');
    await expect(
      without(({ fields: batch, networks: { front } }) => {
        front.backward(batch.points, batch.points);
        return Promise.resolve({ loss: 1 });
      }),
    ).rejects.toThrow('front.backward needs what its forward gave');
  });

  it.each<[string, Partial<typeof definition>]>([
    ['a name with blanks', { name: 'My task' }],
    ['no samples', { microBatch: 0 }],
    ['half a step', { defaultSteps: 0.5 }],
    ['three micro-batches', { microBatches: 3 }],
    ['layers that do not fit', { networks: { ...definition.networks, back: { input: [2, 2], layers: [dense(1)] } } }],
    ['BatchNorm without its constants', { batchNorm: undefined }],
  ])('refuses %s', (_, change) => {
    expect(() => defineTask({ ...definition, ...change })).toThrow(ModelError);
  });
});
