/**
 * Adam (Kingma and Ba, 2015).
 *
 * **No overflow.** Let |g| <= L for every element of a broadcast average, L <= 2^63, and let beta1 and beta2 be in (0, 1),
 * beta2 >= beta1^2, epsilon >= 2^-27. In `adam` (libs/vector/src/reference.ts), each operation rounded:
 *
 * - g^2 <= L^2 <= 2^126. If 0 <= v <= 2^126, then so is v + (g^2 - v)(1 - beta2): the second summand lies between -v and
 *   2^126 - v, rounding is monotone and both ends are float32 numbers. So v never leaves [0, 2^126], whatever comes.
 * - In the same way |m| <= L, and the difference g - m is at most 2 L = 2^64.
 * - m alpha is at most L alpha, which `largestNorm` keeps below 2^127. alpha is at most the learning rate.
 * - By Cauchy and Schwarz |m| <= C sqrt(v) with C = (1 - beta1) / sqrt((1 - beta2)(1 - beta1^2 / beta2)), less than 20 in
 *   every preset. Where v was flushed to zero (below 2^-100) it lacks at most 2^-100 / (1 - beta2), and m at most C times
 *   the root of that more, 2^-40, which epsilon in the divisor makes 2^-13. So a step moves a parameter by less than
 *   21 alpha, and 2^32 of them by 2^37 alpha: finite for every learning rate up to 2^90.
 */
import type { AdamSpec } from '@gradcast/task';
import { LARGEST_NORM } from './norm-bound.ts';
import type { Optimizer } from './optimizer.ts';

const fround = Math.fround;

/** Keeps m alpha, with m <= 2 {@link LARGEST_NORM}, in float32's range. */
const LARGEST_SCALED = 2 ** 125;

const SCALARS = ['alpha', 'oneMinusBeta1', 'oneMinusBeta2', 'epsilon'] as const;
type AdamNumbers = Record<(typeof SCALARS)[number], number>;

export function adam({ learningRate, beta1, beta2, epsilon }: AdamSpec): Optimizer {
  return {
    slots: [{ stored: 'adam_first' }, { stored: 'adam_second' }],
    initial: { beta1Power: 1, beta2Power: 1 },
    scalarNames: SCALARS,
    scalars: ({ beta1Power, beta2Power }, rate) => {
      const correction1 = 1 - beta1Power * beta1;
      const correction2 = 1 - beta2Power * beta2;
      return {
        alpha: fround((rate * Math.sqrt(correction2)) / correction1),
        oneMinusBeta1: fround(1 - beta1),
        oneMinusBeta2: fround(1 - beta2),
        epsilon: fround(epsilon),
      };
    },
    next: ({ beta1Power, beta2Power }) => ({ beta1Power: beta1Power * beta1, beta2Power: beta2Power * beta2 }),
    apply: (kernels, { parameters, slots: [first, second] }, { average, scalars }) =>
      kernels.adam(parameters, { first, second }, average, scalars as AdamNumbers),
    largestNorm: Math.min(LARGEST_NORM, LARGEST_SCALED / learningRate),
  };
}
