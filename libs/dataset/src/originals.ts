/** The samples that a task's output is computed from: of the test split, which no step has seen. */
import { chosenLabels } from '@gradcast/task';
import type { TaskOutput } from '@gradcast/task';
import type { FieldArray } from '@gradcast/tensors';
import { loadDataset } from './dataset.ts';
import { DatasetError } from './errors.ts';
import type { Split } from './kind.ts';
import { assertSuits } from './requirements.ts';

/** Samples that are read at most; MNIST's test split has as many. */
export const ORIGINALS_LIMIT = 10_000;

export interface TestOriginals {
  /** `train` where the data set has no test split. */
  readonly split: Split;
  readonly count: number;
  /** By the source of a field. */
  readonly values: Partial<Readonly<Record<'image' | 'input' | 'label', FieldArray>>>;
}

/**
 * The first {@link ORIGINALS_LIMIT} samples that an output needs; undefined for one that is computed from noise, or from noise and
 * labels that are chosen.
 *
 * @throws DatasetError if the data set cannot be read or does not suit the output.
 */
export async function testOriginals(
  { name, output }: { readonly name: string; readonly output: TaskOutput },
  directory: string | undefined,
): Promise<TestOriginals | undefined> {
  const needed = chosenLabels(output) ? [] : output.inputs;
  const fields = [...needed, ...(output.values.kind === 'classes' ? [output.values.label] : [])];
  if (fields.every(({ source }) => source === 'noise')) return undefined;
  const { dataset, split } = await heldOut(directory);
  try {
    assertSuits(dataset, { name, fields });
    const { inputs, labels } = dataset;
    const count = Math.min(dataset.count, ORIGINALS_LIMIT);
    const indices = Uint32Array.from({ length: count }, (_, index) => index);
    const values = inputs.read(indices);
    return { split, count, values: { image: values, input: values, label: labels?.read(indices) } };
  } finally {
    await dataset.close();
  }
}

/** The test split, or the only one there is. */
async function heldOut(directory: string | undefined) {
  try {
    return { dataset: await loadDataset({ directory, split: 'test' }), split: 'test' } as const;
  } catch (error) {
    if (!(error instanceof DatasetError) || error.code !== 'data-missing') throw error;
    return { dataset: await loadDataset({ directory }), split: 'train' } as const;
  }
}
