/**
 * The first stage of a step: from stream positions to the fields of a range of leaves.
 */
import { leafPosition, SampleStream } from '@gradcast/schedule';
import type { LeafRange, StepShape } from '@gradcast/schedule';
import { noiseAt } from '@gradcast/task';
import type { BatchField } from '@gradcast/task';
import type { FieldArray, FieldValues } from '@gradcast/tensors';
import { IMAGE_BYTES } from './dataset.ts';
import type { Dataset } from './dataset.ts';

export interface MicroBatchOptions {
  readonly dataset: Pick<Dataset, 'images' | 'labels' | 'count'>;
  readonly fields: readonly BatchField[];
  readonly shape: StepShape;
  readonly seed: number;
}

export class MicroBatches {
  readonly #options: MicroBatchOptions;
  readonly #stream: SampleStream;
  /** Those of noise, whose numbers are told apart by their place in here. */
  readonly #noises: readonly BatchField[];

  constructor(options: MicroBatchOptions) {
    this.#options = options;
    this.#stream = new SampleStream({ samples: options.dataset.count, seed: options.seed });
    this.#noises = options.fields.filter(({ source }) => source === 'noise');
  }

  /** Every field of a range of leaves of a step, `[count m, …]`. */
  cut(step: number, { first, count }: LeafRange): FieldValues {
    const { fields, shape } = this.#options;
    const position = leafPosition(shape, step, first);
    const samples = this.#stream.samplesAt(position, count * shape.microBatchSize);
    return Object.fromEntries(fields.map((field) => [field.name, this.#values(field, position, samples)]));
  }

  #values(field: BatchField, position: number, samples: ArrayLike<number>): FieldArray {
    const { dataset, seed } = this.#options;
    switch (field.source) {
      case 'image':
        return gather(dataset.images, samples, IMAGE_BYTES);
      case 'label':
        return gather(dataset.labels, samples, 1);
      case 'noise':
        return noiseAt(field, { seed, position, samples: samples.length, index: this.#noises.indexOf(field) });
      default:
        return field satisfies never;
    }
  }
}

/** The bytes of some samples, one after the other. */
function gather(from: Uint8Array, samples: ArrayLike<number>, bytes: number): Uint8Array {
  const out = new Uint8Array(samples.length * bytes);
  for (let i = 0; i < samples.length; i++) {
    out.set(from.subarray(samples[i] * bytes, (samples[i] + 1) * bytes), i * bytes);
  }
  return out;
}
