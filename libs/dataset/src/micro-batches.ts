/**
 * The first stage of a step: from stream positions to the images and noise of a range of leaves.
 */
import { leafPosition, SampleStream } from '@gradcast/schedule';
import type { LeafRange, StepShape } from '@gradcast/schedule';
import type { Preset } from '@gradcast/model';
import { fillNormal, fillUniform, STREAMS } from '@gradcast/random';
import { IMAGE_BYTES } from './dataset.ts';
import type { Dataset } from './dataset.ts';

/** What leaves are computed from, sample by sample. */
export interface LeafContents {
  /** `[samples, 784]` */
  readonly images: Uint8Array;
  /** `[samples, latent]` */
  readonly noise: Float32Array;
}

export interface MicroBatchOptions {
  readonly dataset: Dataset;
  readonly preset: Preset;
  readonly shape: StepShape;
  readonly seed: number;
}

export class MicroBatches {
  readonly #options: MicroBatchOptions;
  readonly #stream: SampleStream;

  constructor(options: MicroBatchOptions) {
    this.#options = options;
    this.#stream = new SampleStream({ samples: options.dataset.count, seed: options.seed });
  }

  /** Images `[count m, 784]` and noise `[count m, latent]` of a range of leaves of a step. */
  cut(step: number, { first, count }: LeafRange): LeafContents {
    const { dataset, shape } = this.#options;
    const position = leafPosition(shape, step, first);
    const samples = this.#stream.samplesAt(position, count * shape.microBatchSize);
    const images = new Uint8Array(samples.length * IMAGE_BYTES);
    samples.forEach((sample, i) => {
      images.set(dataset.images.subarray(sample * IMAGE_BYTES, (sample + 1) * IMAGE_BYTES), i * IMAGE_BYTES);
    });
    return { images, noise: this.#noise(position, samples.length) };
  }

  #noise(position: number, samples: number): Float32Array {
    const { preset, seed } = this.#options;
    const noise = new Float32Array(samples * preset.latent);
    const place = { seed, stream: STREAMS.noise, position: position * preset.latent };
    if (preset.noise === 'normal') fillNormal(noise, place);
    else fillUniform(noise, { ...place, low: -1, high: 1 });
    return noise;
  }
}
