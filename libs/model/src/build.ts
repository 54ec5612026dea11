import { layOut } from '@gradcast/tensors';
import { TAIL_SCALARS } from './model.ts';
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
  const scalars = TAIL_SCALARS.map((name) => ({ name, shape: [] }));
  return {
    preset,
    parameters: layOut([...generator.parameters, ...discriminator.parameters]),
    generatorLength: layOut(generator.parameters).length,
    tail: layOut([...generator.statistics, ...scalars]),
    running: layOut(generator.statistics),
  };
}
