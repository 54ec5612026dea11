/** Whether batches are drawn ahead, and what the thread that draws them is given. */
import { HELD_BYTES } from '@gradcast/dataset';
import type { Column, MicroBatchOptions } from '@gradcast/dataset';
import { globalBatch } from '@gradcast/schedule';
import { fieldShapes } from '@gradcast/task';
import type { BatchSettings, SharedColumn } from './batch-messages.ts';

/**
 * Smaller batches cost the main thread less than a millisecond a step, most of it for normal noise, and asking a thread costs it a
 * third of one, besides a start and some megabytes: docs/log.md, "batches drawn ahead in a thread".
 */
const LEAST_BYTES = 2 ** 18;
/** Steps held or being drawn. */
const STEPS = 2;
/** Of the permutations of two epochs, which the thread has of its own. */
const ORDER_BYTES_A_SAMPLE = 8;

export interface BatchSettingsOptions extends Pick<MicroBatchOptions, 'dataset' | 'fields' | 'shape' | 'seed'> {
  /** Cores that this process may use at once. */
  readonly cores: number;
}

/**
 * What a thread draws batches from; undefined where it would not pay, and where the data set is not held in memory: samples that
 * lie on the disk are read ahead as it is.
 */
export function batchSettings({
  dataset,
  fields,
  shape,
  seed,
  cores,
}: BatchSettingsOptions): BatchSettings | undefined {
  if (cores < 2) return undefined;
  const bytes = stepBytes(fields, shape);
  const memory = STEPS * bytes + ORDER_BYTES_A_SAMPLE * dataset.count;
  if (bytes < LEAST_BYTES || memory > HELD_BYTES) return undefined;
  const inputs = shared(dataset.inputs);
  const labels = dataset.labels && shared(dataset.labels);
  if (!inputs || (dataset.labels && !labels)) return undefined;
  const { microBatchSize, microBatches } = shape;
  return { inputs, labels, fields, shape: { microBatchSize, microBatches }, seed };
}

/** Bytes of all leaves of a step. */
function stepBytes(fields: BatchSettingsOptions['fields'], shape: BatchSettingsOptions['shape']): number {
  const sampleBytes = fieldShapes(fields).map(({ dtype, elements }) => elements * (dtype === 'f32' ? 4 : 1));
  return globalBatch(shape) * sampleBytes.reduce((sum, bytes) => sum + bytes, 0);
}

function shared({ shared: values, shape }: Column): SharedColumn | undefined {
  return values && { values, shape };
}
