/** A supervised task: which digit an image shows. */
import { defineTask, layers, softmaxCrossEntropy } from '@gradcast/network';
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
    output: {
      inputs: [images],
      values: { kind: 'classes', classes: CLASSES, label: labels },
      infer: ({ inputs, networks: { classifier } }) => classifier(inputs.images),
    },
  });
}
