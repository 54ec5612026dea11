/** A definition for tests: what an entry that came later has is what runs before it had. */
import { completedDefinition } from './definition.ts';
import type { RunDefinition } from './entries.ts';

export const EXAMPLE: RunDefinition = completedDefinition(
  {
    preset: 'dcgan',
    seed: 1,
    microBatchSize: 32,
    microBatches: 4,
    learningRate: 5e-4,
    codec: 'f32',
    dataset: 'ab'.repeat(32),
  },
  { microBatch: 32, microBatches: 4, optimizer: { learningRate: 5e-4, beta1: 0.5, beta2: 0.999, epsilon: 1e-8 } },
);
