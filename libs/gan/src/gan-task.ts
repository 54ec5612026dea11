import { layOutNetworks } from '@gradcast/network';
import type { Trainable } from '@gradcast/network';
import { fields } from '@gradcast/task';
import { GanProgram } from './gan-program.ts';
import { ganGraph } from './gan-graph.ts';
import { ganNetworks, generatorOptions } from './gan-networks.ts';
import { perturbationField } from './penalty.ts';
import { defaultsOf } from './presets.ts';
import type { Preset } from './presets.ts';
import { ganScalars } from './scalars.ts';
import { ganTroubles } from './troubles.ts';

/** A GAN as a task: its groups are generator and discriminator, its tail has the generator's batch statistics. */
export interface GanTask extends Trainable {
  readonly preset: Preset;
}

/** @throws ModelError `model-spec` if a layer does not fit the one before it. */
export function ganTask(preset: Preset): GanTask {
  const { image, range, latent, ema, batchNorm, classes, penalty } = preset;
  const { generator, discriminator } = ganNetworks(preset);
  const images = fields.images('images', { shape: image, range });
  const noise = fields.noise('noise', { shape: [latent], distribution: preset.noise });
  const labels = classes === undefined ? [] : [fields.labels('labels', { classes })];
  const perturbation = penalty ? [perturbationField({ name: preset.name, image, penalty })] : [];
  const parts = layOutNetworks({
    networks: [
      { network: generator, suffix: 'g' },
      { network: discriminator, suffix: 'd' },
    ],
    scalars: ganScalars(preset),
    initializer: preset.initializer,
  });
  return {
    ...parts,
    ...defaultsOf(preset),
    preset,
    troubles: ganTroubles(preset),
    fields: [images, noise, ...labels, ...perturbation],
    runningMomentum: batchNorm?.momentum ?? 1,
    average: ema && { group: parts.groups[0], limit: ema.limit },
    output: { inputs: [noise, ...labels], values: { kind: 'image', shape: image, range } },
    outputChain: () => ({ input: noise, labels: labels.at(0), networks: [generatorOptions(preset)] }),
    createProgram: (device) => new GanProgram(preset, device),
    stepGraph: (samples) => ganGraph(preset, samples),
  };
}
