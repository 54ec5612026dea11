/** For tests: models with numbers by formula, and what the program that trained them gives for some samples. */
import '@tensorflow/tfjs-backend-cpu';
import { classifierTask } from '@gradcast/classifier';
import { ganTask, presets, tinyPresets } from '@gradcast/gan';
import { defineTask, fromPixels, genericKernels, layers } from '@gradcast/network';
import type { Trainable } from '@gradcast/network';
import { fields, formulaMicroBatch, formulaParameters } from '@gradcast/task';
import type { MicroBatch } from '@gradcast/task';
import * as tf from '@tensorflow/tfjs-core';
import type { NamedTensorMap } from '@tensorflow/tfjs-core';
import { exportedModel } from './exported-model.ts';
import type { ExportedModel } from './exported-model.ts';

export interface KnownModel {
  readonly model: ExportedModel;
  /** `[SAMPLES, ...input]` */
  readonly inputs: Float32Array;
  /** The class of each sample; zeros where the model is not told of it. */
  readonly labels: Float32Array;
  /** `[SAMPLES, ...output]`, before they become bytes. */
  readonly outputs: Float32Array;
}

/** Samples whose outputs are known. */
export const SAMPLES = 3;
/** Samples over which BatchNorm's statistics are taken. */
const REFERENCE = 16;

const {
  averagePool,
  batchNorm,
  conv,
  convTranspose,
  dense,
  leakyRelu,
  relu,
  reshape,
  resize,
  resizeConv,
  sigmoid,
  tanh,
} = layers;

/** What no preset has: BatchNorm without a linear layer before it, steps longer than kernels, sides that differ. */
function oddTask(): Trainable {
  const images = fields.images('images', { shape: [7, 9, 2], range: 'symmetric' });
  const label = fields.labels('labels', { classes: 36 });
  return defineTask({
    name: 'odd',
    fields: [images, label],
    networks: {
      first: {
        input: images.shape,
        layers: [
          ...[batchNorm(), conv(3, 4, { stride: 3 }), tanh(), batchNorm(), resize(2)],
          ...[convTranspose(4, 2, { stride: 3, padding: 'valid' }), leakyRelu(0.25), averagePool(2), batchNorm()],
          ...[conv(2, 3, { padding: 'valid', bias: false }), relu(), resizeConv(3, 5, { factor: 3, bias: false })],
        ],
      },
      second: {
        input: [21, 21, 3],
        layers: [
          ...[averagePool(4), reshape([75]), dense(6, { bias: false }), reshape([1, 2, 3]), batchNorm()],
          ...[convTranspose(2, 2, { stride: 3 }), sigmoid(), reshape([36])],
        ],
      },
    },
    batchNorm: { epsilon: 1e-3, momentum: 0.9 },
    optimizer: { learningRate: 1e-3 },
    microBatch: REFERENCE,
    defaultSteps: 1,
    scalars: {},
    step: () => Promise.resolve({}),
    output: {
      inputs: [images],
      values: { kind: 'classes', classes: 36, label },
      infer: ({ inputs, networks: { first, second } }) => second(first(inputs.images)),
    },
  });
}

/** Every kind of layer, stride and padding; the last two are the tasks that come with Gradcast. */
export const knownTasks: Readonly<Record<string, () => Trainable>> = {
  sigmoid: () => ganTask(tinyPresets.sigmoid),
  softmax: () => ganTask(tinyPresets.softmax),
  resized: () => ganTask(tinyPresets.resized),
  conditional: () => ganTask(tinyPresets.conditional),
  odd: oddTask,
  mnist: () => ganTask(presets.mnist),
  classifier: classifierTask,
};

/** Computed with tfjs' plain JavaScript kernels. */
export async function knownModel(task: Trainable): Promise<KnownModel> {
  await tf.setBackend('cpu');
  const vector = formulaParameters(task);
  const program = task.createProgram({ kernels: genericKernels });
  const parameters: NamedTensorMap = Object.fromEntries(
    task.parameters.entries.map(({ name, shape, offset, size }) => [
      name,
      tf.tensor(vector.slice(offset, offset + size), [...shape]),
    ]),
  );
  const seen = program.statistics(parameters, tensorsOf(task, formulaMicroBatch(task, REFERENCE)));
  const given = tensorsOf(task, formulaMicroBatch(task, SAMPLES, 1));
  const outputs = await program.infer(parameters, given, seen).data<'float32'>();
  const statistics = Object.fromEntries(
    Object.entries(seen).map(([name, tensor]) => [name, tensor.dataSync<'float32'>()]),
  );
  const model = exportedModel({ task, step: 12, parameters: vector, statistics });
  const labels = model.labels ? given[model.labels.name].dataSync<'float32'>() : new Float32Array(SAMPLES);
  return { model, inputs: given[model.input.name].dataSync<'float32'>(), labels, outputs };
}

function tensorsOf({ output }: Trainable, { size, fields: values }: MicroBatch): NamedTensorMap {
  return Object.fromEntries(
    output!.inputs.map((field) => {
      const numbers = values[field.name];
      const range = field.source === 'image' ? field.range : undefined;
      const floats = range ? fromPixels(numbers as Uint8Array, range) : Float32Array.from(numbers);
      return [field.name, tf.tensor(floats, [size, ...field.shape])];
    }),
  );
}

/** The largest distance of two outputs in units of the largest magnitude of the known one. */
export function distance(actual: ArrayLike<number>, known: Float32Array): number {
  if (actual.length !== known.length) return Infinity;
  const scale = Math.max(...known.map(Math.abs));
  return Math.max(...known.map((value, i) => Math.abs(actual[i] - value))) / scale;
}
