/**
 * What a model is to the rest of the system: where its tensors lie, and what computing a gradient means.
 *
 * A gradient is a pure function of (parameters, micro-batch). Nothing in this file knows workers, time or a network.
 */
import { LARGEST_STATISTIC } from '@gradcast/task';
import type { MicroBatch, TailScalar, Task } from '@gradcast/task';
import type { Preset } from './presets.ts';

/** A GAN as a task: its groups are generator and discriminator, its tail has the generator's batch statistics. */
export interface Model extends Task {
  readonly preset: Preset;
}

const LOSS = { low: -LARGEST_STATISTIC, high: LARGEST_STATISTIC, shown: 'progress' } as const;
const SHARE = { low: 0, high: 1, shown: 'log' } as const;

/** The scalars at the end of the tail. */
export const GAN_SCALARS = [
  { name: 'loss_g', ...LOSS, lossOf: 'generator' },
  { name: 'loss_d', ...LOSS, lossOf: 'discriminator' },
  { name: 'd_x', ...SHARE },
  { name: 'd_g_z', ...SHARE },
  { name: 'samples', low: 0, high: LARGEST_STATISTIC, shown: 'none' },
] as const satisfies readonly TailScalar[];

export type GanScalar = (typeof GAN_SCALARS)[number]['name'];

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
