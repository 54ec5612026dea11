/**
 * The first-order penalty on the discriminator's gradient at real images (R1) and at fakes (R2): which samples are disturbed, and
 * by what. Lin et al. (2025) use it in place of the exact ones (Mescheder et al., 2018), which need a second derivative.
 *
 * The noise is a field of the micro-batch, keyed by stream position as all noise, so a gradient stays a pure function of what the
 * lease brings. Since only a share of the samples is disturbed, each sample brings that share of an image of noise, and the
 * pieces of neighbours are put together.
 */
import { ModelError } from '@gradcast/network';
import { fields } from '@gradcast/task';
import type { NoiseField } from '@gradcast/task';
import { sizeOf } from '@gradcast/tensors';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';

export interface Penalty {
  /** Standard deviation of the noise, in the images' own range. */
  readonly sigma: number;
  /** gamma / (2 sigma^2), for a penalty of gamma / 2 times the squared gradient. */
  readonly weight: number;
  /** Share of each micro-batch that is disturbed, above 0 to 1, such that it is a whole number of an image's values. */
  readonly share: number;
}

/** How many of a micro-batch's samples are disturbed: the first ones, which are as random as any. */
export function disturbedSamples({ share }: Penalty, samples: number): number {
  // A share such as 1/3 is rounded, and so is what it is multiplied with.
  return Math.floor(samples * share + 1e-6);
}

/** The fewest samples of which one is disturbed. */
export function leastSamples({ share }: Penalty): number {
  return Math.ceil(1 / share - 1e-6);
}

export interface PenalisedPreset {
  readonly name: string;
  /** Height, width and channels of an image. */
  readonly image: readonly number[];
  readonly penalty: Penalty;
}

/** The field of noise. @throws ModelError `model-spec` for a penalty that is none. */
export function perturbationField({ name, image, penalty }: PenalisedPreset): NoiseField {
  const { sigma, weight, share } = penalty;
  const values = Math.round(sizeOf(image) * share);
  const isWhole = Math.abs(values - sizeOf(image) * share) < 1e-6;
  if (!(sigma > 0 && weight >= 0 && share > 0 && share <= 1 && isWhole)) {
    throw new ModelError('model-spec', `preset ${name}: a penalty cannot have ${JSON.stringify(penalty)}`);
  }
  return fields.noise('perturbation', { shape: [values] });
}

/** The first samples of real and fake images with the same noise on both, `[q, H, W, C]` each. */
export function disturbed(
  images: readonly Tensor4D[],
  perturbation: Tensor,
  { penalty, samples }: { readonly penalty: Penalty; readonly samples: number },
): Tensor4D[] {
  const [, ...image] = images[0].shape;
  const shape = [samples, ...image] as [number, number, number, number];
  const pieces = tf.slice(tf.reshape(perturbation, [-1]), [0], [sizeOf(shape)]);
  const noise = tf.mul(tf.reshape(pieces, shape), penalty.sigma);
  return images.map((each) => tf.add(tf.slice(each, [0, 0, 0, 0], shape), noise));
}
