/** Where what a run's definition says meets its task: all that a run computes with is read from the result. */
import type { RunDefinition } from '@gradcast/definition';
import type { Task } from './task.ts';

/** A task with the numbers of a run in place of its own. */
export function definedTask<T extends Task>(task: T, definition: Omit<RunDefinition, 'dataset' | 'task'>): T {
  const { microBatchSize, microBatches, learningRate, clipNorm, averageImages } = definition;
  return {
    ...task,
    microBatch: microBatchSize,
    microBatches,
    optimizer: { ...task.optimizer, learningRate },
    schedule: {
      kind: definition.lrSchedule,
      warmUp: definition.warmUpImages,
      decayFrom: definition.decayFromImages,
      decayTo: definition.decayToImages,
      endFactor: definition.lrEndFactor,
    },
    average: task.average && { ...task.average, halfLife: averageImages === 0 ? undefined : averageImages },
    clipNorm: clipNorm === 0 ? undefined : clipNorm,
  };
}
