import { layOut } from '@gradcast/tensors';
import { initialParameters, initialRunning } from './init.ts';
import { GAN_SCALARS } from './model.ts';
import type { Model } from './model.ts';
import { Network } from './network.ts';
import type { Preset } from './presets.ts';

/**
 * Lays out a preset's tensors.
 *
 * @throws ModelError `model-spec` if a layer does not fit the one before it.
 */
export function buildModel(preset: Preset): Model {
  const generator = Network.generator(preset);
  const discriminator = Network.discriminator(preset);
  const parameters = layOut([...generator.parameters, ...discriminator.parameters]);
  const boundary = layOut(generator.parameters).length;
  const groups = [
    { name: generator.name, suffix: 'g', from: 0, to: boundary },
    { name: discriminator.name, suffix: 'd', from: boundary, to: parameters.length },
  ];
  const running = layOut(generator.statistics);
  const { image, range, latent, noise } = preset;
  const { name, ema, batchNorm, optimizer, microBatch, microBatches, initializer } = preset;
  return {
    preset,
    name,
    fields: [
      { name: 'images', source: 'image', dtype: 'u8', shape: image, range },
      { name: 'noise', source: 'noise', dtype: 'f32', shape: [latent], distribution: noise },
    ],
    parameters,
    groups,
    tail: layOut([...generator.statistics, ...GAN_SCALARS.map(({ name }) => ({ name, shape: [] }))]),
    scalars: GAN_SCALARS,
    running,
    runningMomentum: batchNorm?.momentum ?? 1,
    average: ema && { group: groups[0], limit: ema.limit },
    optimizer,
    microBatch,
    microBatches,
    initialParameters: (seed) => initialParameters({ parameters, initializer }, seed),
    initialRunning: () => initialRunning(running),
  };
}
