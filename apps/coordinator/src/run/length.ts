/** How long a run is. */
import type { CoordinatorConfig } from '@gradcast/config';
import type { DatasetFacts } from '@gradcast/dataset';
import { globalBatch, stepsForEpochs } from '@gradcast/schedule';
import { CoordinatorError } from '../failure.ts';

/** Steps of a run over a data set. @throws CoordinatorError `batch-exceeds-data`. */
export function lengthOf(
  { length, ...shape }: CoordinatorConfig,
  { count, name }: Pick<DatasetFacts, 'count' | 'name'>,
): number {
  const batch = globalBatch(shape);
  if (batch > count) {
    throw new CoordinatorError(
      'batch-exceeds-data',
      `a global batch of ${batch} exceeds the ${count} samples of ${name}`,
      {
        exitCode: 2,
      },
    );
  }
  return 'steps' in length ? length.steps : stepsForEpochs(length.epochs, count, shape);
}
