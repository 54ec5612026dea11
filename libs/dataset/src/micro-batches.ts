/**
 * The first stage of a step: from stream positions to the fields of a range of leaves.
 */
import { globalBatch, leafPosition, SampleStream } from '@gradcast/schedule';
import type { LeafRange, StepShape } from '@gradcast/schedule';
import { noiseAt } from '@gradcast/task';
import type { BatchField } from '@gradcast/task';
import { sizeOf } from '@gradcast/tensors';
import type { FieldArray, FieldValues } from '@gradcast/tensors';
import type { VectorKernels } from '@gradcast/vector';
import { HELD_BYTES, sampleBytes } from './column.ts';
import type { Column } from './column.ts';
import { ReadAhead, STEPS_AHEAD } from './read-ahead.ts';

export interface MicroBatchOptions {
  /** One that suits the fields; see `assertSuits`. */
  readonly dataset: { readonly inputs: Column; readonly labels: Column | undefined; readonly count: number };
  readonly fields: readonly BatchField[];
  readonly shape: StepShape;
  readonly seed: number;
  /** What draws normal noise fastest; TypeScript by default, with the same bits. */
  readonly kernels?: Pick<VectorKernels, 'normal'>;
  /** Bytes that may be read ahead; steps that are larger are read as they are cut. Default {@link HELD_BYTES}. */
  readonly aheadBytes?: number;
}

export class MicroBatches {
  readonly #options: MicroBatchOptions;
  readonly #stream: SampleStream;
  /** Those of noise, whose numbers are told apart by their place in here. */
  readonly #noises: readonly BatchField[];
  readonly #ahead: ReadAhead | undefined;

  constructor(options: MicroBatchOptions) {
    this.#options = options;
    const { dataset, fields, shape, seed, aheadBytes = HELD_BYTES } = options;
    this.#stream = new SampleStream({ samples: dataset.count, seed });
    this.#noises = fields.filter(({ source }) => source === 'noise');
    const { readAsync } = dataset.inputs;
    const batch = globalBatch(shape);
    if (readAsync && STEPS_AHEAD * batch * sampleBytes(dataset.inputs) <= aheadBytes) {
      this.#ahead = new ReadAhead((step) => readAsync(this.#stream.samplesAt(leafPosition(shape, step, 0), batch)));
    }
  }

  /**
   * Resolves once a step and the one after it can be cut without waiting for a disk: at once where the data set is held.
   *
   * @throws DatasetError `data-unreadable`, `data-changed`.
   */
  async prefetch(step: number): Promise<void> {
    await this.#ahead?.reach(step);
  }

  /** Every field of a range of leaves of a step, `[count m, …]`. @throws DatasetError `data-unreadable`, `data-changed`. */
  cut(step: number, range: LeafRange): FieldValues {
    const { fields, shape } = this.#options;
    const position = leafPosition(shape, step, range.first);
    const samples = this.#stream.samplesAt(position, range.count * shape.microBatchSize);
    return Object.fromEntries(
      fields.map((field) => [field.name, this.#values(field, { step, range, position, samples })]),
    );
  }

  #values(
    field: BatchField,
    at: { step: number; range: LeafRange; position: number; samples: Uint32Array },
  ): FieldArray {
    const { dataset, seed, kernels } = this.#options;
    const { position, samples } = at;
    switch (field.source) {
      case 'image':
      case 'input':
        return this.#aheadOf(at.step, at.range) ?? dataset.inputs.read(samples);
      case 'label':
        return dataset.labels!.read(samples);
      case 'noise':
        return noiseAt(
          field,
          { seed, position, samples: samples.length, index: this.#noises.indexOf(field) },
          kernels && ((out, place) => kernels.normal(out, place)),
        );
      default:
        return field satisfies never;
    }
  }

  /** What was read ahead of some leaves. */
  #aheadOf(step: number, { first, count }: LeafRange): FieldArray | undefined {
    const { dataset, shape } = this.#options;
    const leaf = shape.microBatchSize * sizeOf(dataset.inputs.shape);
    return this.#ahead?.at(step)?.slice(first * leaf, (first + count) * leaf);
  }
}
