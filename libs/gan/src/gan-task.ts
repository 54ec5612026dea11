import { BATCH_NORM_MINIMUM, layOutNetworks } from '@gradcast/network';
import type { Trainable } from '@gradcast/network';
import type { ImageField, NoiseField } from '@gradcast/task';
import { GanProgram } from './gan-program.ts';
import { ganNetworks } from './gan-networks.ts';
import type { Preset } from './presets.ts';
import { GAN_SCALARS } from './scalars.ts';

/** A GAN as a task: its groups are generator and discriminator, its tail has the generator's batch statistics. */
export interface GanTask extends Trainable {
  readonly preset: Preset;
}

/** @throws ModelError `model-spec` if a layer does not fit the one before it. */
export function ganTask(preset: Preset): GanTask {
  const { image, range, latent, ema, batchNorm } = preset;
  const { name, description, optimizer, microBatch, microBatches, defaultSteps, initializer } = preset;
  const { generator, discriminator } = ganNetworks(preset);
  const images: ImageField = { name: 'images', source: 'image', dtype: 'u8', shape: image, range };
  const noise: NoiseField = {
    name: 'noise',
    source: 'noise',
    dtype: 'f32',
    shape: [latent],
    distribution: preset.noise,
  };
  const parts = layOutNetworks({
    networks: [
      { network: generator, suffix: 'g' },
      { network: discriminator, suffix: 'd' },
    ],
    scalars: GAN_SCALARS,
    initializer,
  });
  return {
    ...parts,
    preset,
    name,
    description,
    fields: [images, noise],
    runningMomentum: batchNorm?.momentum ?? 1,
    average: ema && { group: parts.groups[0], limit: ema.limit },
    optimizer,
    microBatch,
    microBatches,
    minimumMicroBatch: batchNorm ? BATCH_NORM_MINIMUM : 1,
    defaultSteps,
    output: { inputs: [noise], values: { kind: 'image', shape: image, range } },
    createProgram: (device) => new GanProgram(preset, device),
  };
}
