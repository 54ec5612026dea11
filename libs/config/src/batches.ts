/** Cuts a global batch into micro-batches: B = m x M, where M is the number of leaves of a step's tree. */
import { isPowerOfTwo, MICRO_BATCH_SIZE_LIMIT, MICRO_BATCHES_LIMIT } from '@gradcast/definition';
import type { TaskDefaults } from '@gradcast/task';
import type { Problem } from './problem.ts';

/** In place of a global batch: it is chosen for the workers of `train`, which are measured first. */
export const AUTO_BATCH = 'auto';

export interface Batches {
  /** m */
  readonly microBatchSize: number;
  /** M, a power of two. */
  readonly microBatches: number;
}

/**
 * @param globalBatch B as asked for, or null.
 * @param microBatches M as asked for (a power of two), or null.
 * @param samples size of the data set where it is known here, or null.
 */
export function cutBatch(
  task: Pick<TaskDefaults, 'name' | 'microBatch' | 'microBatches' | 'minimumMicroBatch'>,
  asked: { readonly globalBatch: number | null; readonly microBatches: number | null; readonly samples: number | null },
): { readonly batches: Batches } | { readonly problem: Problem } {
  const { globalBatch, microBatches, samples } = asked;
  const M = microBatches ?? (globalBatch === null ? task.microBatches : globalBatch / task.microBatch);
  const m = microBatches !== null && globalBatch !== null ? globalBatch / microBatches : task.microBatch;
  const total = globalBatch ?? m * M;
  if (samples !== null && total > samples) {
    const sentence = `a global batch of ${total} is larger than the data set of ${samples} images`;
    return { problem: { code: 'global-batch-too-large', sentence } };
  }
  if (!Number.isInteger(m)) {
    const sentence = `a global batch of ${total} cannot be cut into ${M} micro-batches of equal size`;
    return { problem: { code: 'global-batch-split', sentence } };
  }
  if (!isPowerOfTwo(M) || M < 1 || M > MICRO_BATCHES_LIMIT) {
    const sentence =
      `a global batch of ${total} is not ${m}, the micro-batch of preset ${task.name}, times a power of two up to ` +
      `${MICRO_BATCHES_LIMIT}; set --micro-batches too to change the micro-batch`;
    return { problem: { code: 'global-batch-split', sentence } };
  }
  const least = task.minimumMicroBatch;
  if (m < least) {
    const sentence =
      `a global batch of ${total} in ${M} micro-batches leaves ${m} images in each, but preset ${task.name} ` +
      `normalises over a micro-batch and needs at least ${least}`;
    return { problem: { code: 'micro-batch-too-small', sentence } };
  }
  if (m > MICRO_BATCH_SIZE_LIMIT) {
    const sentence = `a micro-batch of ${m} images is more than the ${MICRO_BATCH_SIZE_LIMIT} that a worker takes`;
    return { problem: { code: 'micro-batch-too-large', sentence } };
  }
  return { batches: { microBatchSize: m, microBatches: M } };
}
