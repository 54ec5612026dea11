/** The numbers that each micro-batch of a GAN has at the end of its tail. */
import { LARGEST_STATISTIC } from '@gradcast/task';
import type { TailScalar } from '@gradcast/task';
import type { Preset } from './presets.ts';

const LOSS = { low: -LARGEST_STATISTIC, high: LARGEST_STATISTIC, shown: 'progress' } as const;
const SHARE = { low: 0, high: 1, shown: 'log' } as const;

/** The scalars at the end of the tail. */
export const GAN_SCALARS = [
  { name: 'loss_g', ...LOSS, lossOf: 'generator' },
  { name: 'loss_d', ...LOSS, lossOf: 'discriminator' },
  { name: 'd_x', ...SHARE, ofReal: true },
  { name: 'd_g_z', ...SHARE },
  { name: 'samples', low: 0, high: LARGEST_STATISTIC, shown: 'none' },
] as const satisfies readonly TailScalar[];

/** The discriminator's penalty, which is in its loss. */
const PENALTY = { name: 'penalty', low: 0, high: LARGEST_STATISTIC, shown: 'log' } as const satisfies TailScalar;
/** Mean over the fakes of the norm of the gradient of one fake's loss, by its pixels. */
const FAKES = {
  name: 'gradient_norm_fakes',
  low: 0,
  high: LARGEST_STATISTIC,
  shown: 'log',
} as const satisfies TailScalar;

/** The scalars of a preset: those that not all have are behind the others, so the tails of all others stay as they were. */
export function ganScalars({
  penalty,
  measuresFakes,
}: Pick<Preset, 'penalty' | 'measuresFakes'>): readonly TailScalar[] {
  return [...GAN_SCALARS, ...(penalty ? [PENALTY] : []), ...(measuresFakes ? [FAKES] : [])];
}

/** Those that every GAN has. */
export type GanScalar = (typeof GAN_SCALARS)[number]['name'];
/** Those that some have. */
export type ExtraScalar = (typeof PENALTY | typeof FAKES)['name'];
