/**
 * How a step's leaves are shared out: contiguous ranges, as many as the workers' speeds call for.
 */
import type { LeafRange } from './tree.ts';

/**
 * Splits leaves among workers so that the slowest finishes as early as possible, in contiguous ranges in the order of
 * the workers. Equal speeds give equal ranges, the earlier worker taking the odd leaf.
 *
 * @param leaves number of leaves to share.
 * @param speeds leaves per second of each worker; only ratios matter.
 * @returns one range per worker; a worker that gets nothing has `count` 0.
 * @throws RangeError if a speed is not a positive finite number.
 */
export function shareLeaves(leaves: number, speeds: readonly number[]): LeafRange[] {
  if (speeds.some((speed) => !(speed > 0 && Number.isFinite(speed)))) throw new RangeError('a speed is not positive');
  const counts = speeds.map(() => 0);
  for (let leaf = 0; leaf < leaves && counts.length > 0; leaf++) {
    let best = 0;
    for (let worker = 1; worker < counts.length; worker++) {
      // Time to finish with one leaf more; strictly smaller, so that ties go to the earlier worker.
      if ((counts[worker] + 1) * speeds[best] < (counts[best] + 1) * speeds[worker]) best = worker;
    }
    counts[best] += 1;
  }
  let first = 0;
  return counts.map((count) => {
    const range = { first, count };
    first += count;
    return range;
  });
}
