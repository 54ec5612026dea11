/** What a task of your own is written with; the package `gradcast` exports it. */
export { defineTask, layers, meanSquaredError, softmaxCrossEntropy } from '@gradcast/network';
export type {
  ClassificationLoss,
  LayerSpec,
  Loss,
  NetworkApply,
  NetworkDefinition,
  NetworkPass,
  OutputDefinition,
  ScalarDefinition,
  Step,
  TaskDefinition,
  Trainable,
} from '@gradcast/network';
export { fields } from '@gradcast/task';
export type { BatchField, ClassValues, ImageField, ImageValues, LabelField, NoiseField } from '@gradcast/task';
