/** A supervised task: which digit an image shows. */
import { defineTask, layers, partOf, softmaxCrossEntropy, StepGraphBuilder } from '@gradcast/network';
import type { Trainable } from '@gradcast/network';
import { fields } from '@gradcast/task';
import { classifierDefaults } from './defaults.ts';

const { conv, dense, relu, reshape } = layers;
const CLASSES = 10;

/** The network in two parts: what it sees in an image, and which digit that speaks for. */
export const classifierLayers = {
  images: fields.images('images', { shape: [28, 28, 1], range: 'unit' }),
  classes: CLASSES,
  /** Numbers of the last hidden layer. */
  features: 128,
  toFeatures: [
    conv(16, 5, { stride: 2 }),
    relu(),
    conv(32, 5, { stride: 2 }),
    relu(),
    reshape([7 * 7 * 32]),
    dense(128),
    relu(),
  ],
  toScores: [dense(CLASSES)],
} as const;

export function classifierTask(): Trainable {
  const { images, toFeatures, toScores } = classifierLayers;
  const labels = fields.labels('labels', { classes: CLASSES });
  return defineTask({
    ...classifierDefaults,
    fields: [images, labels],
    networks: {
      classifier: {
        input: images.shape,
        layers: [...toFeatures, ...toScores],
      },
    },
    average: { network: 'classifier', limit: 0.999 },
    scalars: { loss: { low: 0, lossOf: 'classifier' }, accuracy: { low: 0, high: 1 } },
    async step({ fields: batch, networks: { classifier } }) {
      const scores = classifier.forward(batch.images);
      const { loss, accuracy, seed } = await softmaxCrossEntropy(scores, batch.labels);
      classifier.backward(scores, seed);
      return { loss, accuracy };
    },
    stepGraph(samples) {
      const graph = new StepGraphBuilder();
      const scores = graph.add({ op: 'forward', network: 'classifier', of: graph.field('images') });
      const loss = graph.add({ op: 'softmax-loss', scores, labels: graph.field('labels') });
      graph.add({ op: 'backward', of: scores, seed: partOf(loss, 'seed'), parameters: true });
      const scalars = { loss: partOf(loss, 'loss'), accuracy: partOf(loss, 'accuracy') };
      return { samples, nodes: graph.nodes, scalars };
    },
    output: {
      inputs: [images],
      values: { kind: 'classes', classes: CLASSES, label: labels },
      infer: ({ inputs, networks: { classifier } }) => classifier(inputs.images),
    },
  });
}
