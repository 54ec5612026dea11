/** The classifier as a task that tells all it sees: its last hidden layer and its scores, end to end. Nothing trains it. */
import { classifierDefaults, classifierLayers } from '@gradcast/classifier';
import { defineTask, ModelError } from '@gradcast/network';
import type { Trainable } from '@gradcast/network';
import * as tf from '@tensorflow/tfjs-core';

/** Numbers that a judge gives for an image: features, then scores. */
export const JUDGED_NUMBERS = classifierLayers.features + classifierLayers.classes;

/** Its parameters lie as the classifier's do, under other names. */
export function judgeTask(): Trainable {
  const { images, features, toFeatures, toScores } = classifierLayers;
  return defineTask({
    ...classifierDefaults,
    name: 'judge',
    description: 'a trained classifier, for what it sees in images',
    fields: [images],
    networks: {
      features: { input: images.shape, layers: toFeatures },
      scores: { input: [features], layers: toScores },
    },
    scalars: {},
    step: () => Promise.reject(new ModelError('model-spec', 'a judge is not trained')),
    output: {
      inputs: [images],
      values: { kind: 'vector', length: JUDGED_NUMBERS },
      infer: ({ inputs, networks }) => {
        const seen = networks.features(inputs.images);
        return tf.concat([seen, networks.scores(seen)], 1);
      },
    },
  });
}
