/** Where what a run's definition says meets its task: all that a run computes with is read from the result. */
import type { RunDefinition } from '@gradcast/definition';
import type { Task } from './task.ts';

/** A task with the numbers of a run in place of its own. */
export function definedTask<T extends Task>(
  task: T,
  definition: Pick<RunDefinition, 'microBatchSize' | 'microBatches' | 'learningRate'>,
): T {
  const { microBatchSize, microBatches, learningRate } = definition;
  return { ...task, microBatch: microBatchSize, microBatches, optimizer: { ...task.optimizer, learningRate } };
}
