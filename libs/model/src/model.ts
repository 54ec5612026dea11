/**
 * What a model is to the rest of the system: where its tensors lie, and what computing a gradient means.
 *
 * A gradient is a pure function of (parameters, micro-batch). Nothing in this file knows workers, time or a network.
 */
import type { Layout } from '@gradcast/tensors';
import type { Preset } from './presets.ts';

/** A preset with its flat layouts. Generator tensors come first, so each network is one contiguous range. */
export interface Model {
  readonly preset: Preset;
  /** All trainable parameters; gradients, moments and averages share this layout. */
  readonly parameters: Layout;
  /** Elements of the generator's range `[0, generatorLength)`; the discriminator's is the rest. */
  readonly generatorLength: number;
  /**
   * What follows the gradient in a gradient vector, always f32: per BatchNorm its batch `…/mean` and (biased)
   * `…/variance`, then the scalars `loss_g`, `loss_d`, `d_x`, `d_g_z`, `samples`. It is summed by the same tree.
   */
  readonly tail: Layout;
  /** Running statistics of the BatchNorm layers (`…/mean`, `…/variance`); empty without BatchNorm. */
  readonly running: Layout;
}

/** One leaf of a step's tree: m images and the noise that goes with them. */
export interface MicroBatch {
  readonly size: number;
  /** `[size, 28, 28]`, one byte per pixel, 0 to 255. */
  readonly images: Uint8Array;
  /** `[size, latent]`. */
  readonly noise: Float32Array;
}

/** Names of the scalars at the end of the tail. */
export const TAIL_SCALARS = ['loss_g', 'loss_d', 'd_x', 'd_g_z', 'samples'] as const;

/** Computes gradients of one model on one device. Calls must not overlap. */
export interface GradientEngine {
  /**
   * Takes the parameters of a version. The engine copies them: the caller may change the array as soon as this
   * returns, and later gradients must not notice.
   */
  load(parameters: Float32Array): void;
  /**
   * Writes the gradient of one micro-batch (mean over its samples) followed by the tail into `into`, which has
   * `parameters.length + tail.length` elements; padding is written as zero.
   */
  gradient(batch: MicroBatch, into: Float32Array): Promise<void>;
  /**
   * Runs the generator with the loaded parameters, its BatchNorm statistics taken from `reference` (noise
   * `[R, latent]`, in the pass before).
   *
   * @returns images `[count, 28, 28]` as bytes, whatever the preset's range.
   */
  generate(noise: Float32Array, reference: Float32Array): Promise<Uint8Array>;
  /** Frees the device's memory; the engine must not be used afterwards. */
  dispose(): void;
}
