/**
 * What a task's output is computed from. It depends on the task, a seed and the data set's test split alone, so the grids of
 * a run show the same points step after step, and anyone can draw them again.
 */
import { STREAMS } from '@gradcast/random';
import { chosenLabels, fillNoise } from '@gradcast/task';
import type { BatchField, MicroBatch, TaskOutput } from '@gradcast/task';
import { sizeOf } from '@gradcast/tensors';
import type { FieldArray, FieldValues } from '@gradcast/tensors';

/** Samples over which a network's BatchNorm statistics are taken before its output is computed. */
export const REFERENCE_SAMPLES = 512;

/** Every model is measured on the same noise, whatever the seed of its run. */
const REFERENCE_SEED = 0;

/** The data set's values that inputs are taken from, by the source of the field; noise needs none. */
export type Originals = Partial<Readonly<Record<'image' | 'input' | 'label', FieldArray>>>;

export interface InputsOptions {
  readonly count: number;
  readonly seed: number;
  readonly originals?: Originals;
  /** The class of all samples, where labels may be chosen; without it the classes take turns: sample i has class i modulo their number. */
  readonly label?: number | undefined;
}

/**
 * The first `count` inputs of a seed; asking for more gives the same ones first.
 *
 * @throws RandomError if the seed is no unsigned integer below 2^53.
 * @throws RangeError if there are fewer originals than `count`.
 */
export function outputInputs(
  { inputs }: TaskOutput,
  { count, seed, originals = {}, label }: InputsOptions,
): MicroBatch {
  return drawn(inputs, { count, place: { seed, stream: STREAMS.samples }, originals, label });
}

/** The fixed inputs for BatchNorm statistics: 512, or as many as there are originals. */
export function referenceInputs({ inputs }: TaskOutput, originals: Originals = {}): MicroBatch {
  const counts = inputs.flatMap((field) => {
    const values = field.source === 'noise' ? undefined : originals[field.source];
    return values ? [Math.floor(values.length / sizeOf(field.shape))] : [];
  });
  const count = Math.min(REFERENCE_SAMPLES, ...counts);
  return drawn(inputs, { count, place: { seed: REFERENCE_SEED, stream: STREAMS.reference }, originals });
}

function drawn(
  fields: readonly BatchField[],
  options: {
    readonly count: number;
    readonly place: { readonly seed: number; readonly stream: number };
    readonly originals: Originals;
    readonly label?: number | undefined;
  },
): MicroBatch {
  const { count, place, originals, label } = options;
  const chosen = chosenLabels({ inputs: fields });
  const noise = fields.filter(({ source }) => source === 'noise');
  const values: FieldValues = Object.fromEntries(
    fields.map((field): [string, FieldArray] => {
      const length = count * sizeOf(field.shape);
      if (field.source === 'noise') {
        const numbers = new Float32Array(length);
        fillNoise(field.distribution, numbers, { ...place, index: noise.indexOf(field) });
        return [field.name, numbers];
      }
      const all = originals[field.source];
      if (!all && field === chosen) {
        return [field.name, Uint8Array.from({ length }, (_, i) => label ?? i % field.classes)];
      }
      if (!all || all.length < length) throw new RangeError(`there are no ${count} samples for ${field.name}`);
      return [field.name, all.subarray(0, length)];
    }),
  );
  return { size: count, fields: values };
}
