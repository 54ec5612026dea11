/**
 * How large a gradient may be before an optimizer's float32 arithmetic could overflow, and how much of a large one the
 * running mean of the norms is told. Each optimizer's file shows that its own steps stay finite below its `largestNorm`;
 * the moving average and its parameters lie within [-P, P] and their difference within 2 P, so they do, too.
 */

/**
 * Of any mean gradient. The largest element is at most the norm, which is what is measured. Packing the average again may
 * enlarge an element, by one part in 64 at most, the norm's own rounding by far less: where a proof needs 2^63, this is half.
 */
export const LARGEST_NORM = 2 ** 62;

/** How far above its running mean a gradient's norm may lie. Healthy GAN spikes stay within two orders of magnitude. */
export const NORM_FACTOR = 1000;
/**
 * A norm counts as at most so many times the running mean, so that one step at most doubles the mean. Spikes of ten to
 * forty times occur in the first hundred steps of healthy runs, which must not be clipped: their state would change.
 */
const CLIP_FACTOR = 100;

/** What the running mean is told of a norm; all of it where there was none but zero. */
export function clippedNorm(norm: number, mean: number): number {
  return mean === 0 ? norm : Math.min(norm, CLIP_FACTOR * mean);
}
