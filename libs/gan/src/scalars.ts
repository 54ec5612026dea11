/** The numbers that each micro-batch of a GAN has at the end of its tail. */
import { LARGEST_STATISTIC } from '@gradcast/task';
import type { TailScalar } from '@gradcast/task';

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
