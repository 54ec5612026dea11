/**
 * How large a gradient may be before the optimizer's float32 arithmetic could overflow, and how much of a large one the
 * running mean of the norms is told.
 *
 * **No overflow.** Let |g| <= L for every element of a broadcast average, L <= 2^63, and let a preset have beta1 and beta2
 * in (0, 1), beta2 >= beta1^2, epsilon >= 2^-27. In `adam` (libs/vector/src/reference.ts), each operation rounded:
 *
 * - g^2 <= L^2 <= 2^126. If 0 <= v <= 2^126, then so is v + (g^2 - v)(1 - beta2): the second summand lies between -v and
 *   2^126 - v, rounding is monotone and both ends are float32 numbers. So v never leaves [0, 2^126], whatever comes.
 * - In the same way |m| <= L, and the difference g - m is at most 2 L = 2^64.
 * - m alpha is at most L alpha, which {@link largestNorm} keeps below 2^127. alpha is at most the learning rate.
 * - By Cauchy and Schwarz |m| <= C sqrt(v) with C = (1 - beta1) / sqrt((1 - beta2)(1 - beta1^2 / beta2)), less than 20 in
 *   every preset. Where v was flushed to zero (below 2^-100) it lacks at most 2^-100 / (1 - beta2), and m at most C times
 *   the root of that more, 2^-40, which epsilon in the divisor makes 2^-13. So a step moves a parameter by less than
 *   21 alpha, and 2^32 of them by 2^37 alpha: finite for every learning rate up to 2^90.
 * - The moving average and its parameters lie within [-P, P], their difference within 2 P: finite, as above.
 *
 * The largest element is at most the norm, which is what is measured. Packing the average again may enlarge an element, by
 * one part in 64 at most, the norm's own rounding by far less: hence {@link LARGEST_NORM} is 2^62 where L is 2^63.
 */

/** 2^62. */
const LARGEST_NORM = 2 ** 62;
/** Keeps m alpha, with m <= 2 {@link LARGEST_NORM}, in float32's range. */
const LARGEST_SCALED = 2 ** 125;

/** How far above its running mean a gradient's norm may lie. Healthy GAN spikes stay within two orders of magnitude. */
export const NORM_FACTOR = 1000;
/**
 * A norm counts as at most so many times the running mean, so that one step at most doubles the mean. Spikes of ten to
 * forty times occur in the first hundred steps of healthy runs, which must not be clipped: their state would change.
 */
const CLIP_FACTOR = 100;

/** The largest norm of a mean gradient that an optimizer of this learning rate can take at any time. */
export function largestNorm(learningRate: number): number {
  return Math.min(LARGEST_NORM, LARGEST_SCALED / learningRate);
}

/** What the running mean is told of a norm; all of it where there was none but zero. */
export function clippedNorm(norm: number, mean: number): number {
  return mean === 0 ? norm : Math.min(norm, CLIP_FACTOR * mean);
}
