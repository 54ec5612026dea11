/**
 * Stochastic gradient descent with momentum (Polyak, 1964, as PyTorch has it).
 *
 * **No overflow.** With |g| <= L the velocity is at most L / (1 - momentum), a step moves a parameter by at most the learning
 * rate times that, and `largestNorm` keeps 2^32 such steps, of averages that packing enlarged up to twofold, below 2^127.
 */
import type { SgdSpec } from '@gradcast/task';
import { LARGEST_NORM } from './norm-bound.ts';
import type { Optimizer } from './optimizer.ts';

const LARGEST_MOVE = 2 ** 94;

const fround = Math.fround;

const SCALARS = ['rate', 'momentum'] as const;
type SgdNumbers = Record<(typeof SCALARS)[number], number>;

export function sgd({ learningRate, momentum }: SgdSpec): Optimizer {
  return {
    slots: [{ stored: 'sgd_velocity' }],
    initial: {},
    scalarNames: SCALARS,
    scalars: (_, rate) => ({ rate: fround(rate), momentum: fround(momentum) }),
    next: () => ({}),
    apply: (kernels, { parameters, slots: [velocity] }, step) =>
      kernels.sgd(parameters, step.average, step.scalars as SgdNumbers, velocity),
    largestNorm: Math.min(LARGEST_NORM * (1 - momentum), (LARGEST_MOVE * (1 - momentum)) / learningRate),
  };
}
