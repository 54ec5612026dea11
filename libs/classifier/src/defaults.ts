import type { TaskDefaults } from '@gradcast/task';

/** Six passes over MNIST. */
const SAMPLES = 360_000;
const MICRO_BATCH = 32;
const MICRO_BATCHES = 4;

export const classifierDefaults: TaskDefaults = {
  name: 'classifier',
  description: 'a small convolutional network that reads digits',
  optimizer: { kind: 'adam', learningRate: 2e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
  microBatch: MICRO_BATCH,
  microBatches: MICRO_BATCHES,
  minimumMicroBatch: 1,
  defaultSteps: Math.ceil(SAMPLES / (MICRO_BATCH * MICRO_BATCHES)),
};
