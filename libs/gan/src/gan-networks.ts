import { ModelError, Network } from '@gradcast/network';
import type { NetworkOptions } from '@gradcast/network';
import type { Preset } from './presets.ts';

export interface GanNetworks {
  /** Noise `[N, latent]` to images `[N, H, W, C]` in the preset's range. */
  readonly generator: Network;
  /** Images `[N, H, W, C]` to logits `[N, 1]` (`sigmoid`) or `[N, 2]` (`softmax`). */
  readonly discriminator: Network;
}

/** @throws ModelError `model-spec`. */
export function ganNetworks({ name, image, latent, batchNorm, loss, classes, ...specs }: Preset): GanNetworks {
  const generator = new Network(generatorOptions({ latent, batchNorm, ...specs }));
  const discriminator = new Network(discriminatorOptions({ image, batchNorm, ...specs }));
  if (discriminator.hasBatchNorm) {
    throw new ModelError('model-spec', `preset ${name}: the discriminator must treat samples independently`);
  }
  for (const network of [generator, discriminator]) {
    if (network.classes === undefined || network.classes === classes) continue;
    const told = classes === undefined ? 'no labels' : `labels of ${classes} classes`;
    throw new ModelError('model-spec', `preset ${name} has ${told}, its ${network.name} takes ${network.classes}`);
  }
  return {
    generator: generator.requireOutput(image),
    discriminator: discriminator.requireOutput([loss === 'softmax' ? 2 : 1]),
  };
}

/** The generator as data. */
export function generatorOptions({
  latent,
  generator,
  batchNorm,
}: Pick<Preset, 'latent' | 'generator' | 'batchNorm'>): NetworkOptions {
  return { name: 'generator', input: [latent], layers: generator, batchNormEpsilon: batchNorm?.epsilon };
}

/** The discriminator as data. */
export function discriminatorOptions({
  image,
  discriminator,
  batchNorm,
}: Pick<Preset, 'image' | 'discriminator' | 'batchNorm'>): NetworkOptions {
  return { name: 'discriminator', input: image, layers: discriminator, batchNormEpsilon: batchNorm?.epsilon };
}
