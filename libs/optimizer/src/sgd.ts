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

export function sgd({ learningRate, momentum }: SgdSpec): Optimizer {
  const scalars = { rate: Math.fround(learningRate), momentum: Math.fround(momentum) };
  return {
    slots: [{ stored: 'sgd_velocity' }],
    initial: {},
    scalarNames: Object.keys(scalars),
    scalars: () => scalars,
    next: () => ({}),
    apply: (kernels, { parameters, slots: [velocity] }, step) =>
      kernels.sgd(parameters, step.average, step.scalars as typeof scalars, velocity),
    largestNorm: Math.min(LARGEST_NORM * (1 - momentum), (LARGEST_MOVE * (1 - momentum)) / learningRate),
  };
}
