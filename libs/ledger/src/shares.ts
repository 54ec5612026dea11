/**
 * How a step's leaves are shared out: contiguous ranges, as many as the workers' speeds call for.
 */
import type { LeafRange } from './tree.ts';

/** A worker that leaves could go to. */
export interface Share {
  /** Leaves per second; only ratios matter. */
  readonly speed: number;
  /** It shall have a leaf in any case, so that its speed is measured anew. */
  readonly onTrial?: boolean;
}

/**
 * Splits leaves among workers so that the slowest finishes as early as possible, in contiguous ranges in the order of
 * the workers. Where that leaves a choice the worker with fewer leaves gets one more, then the earlier: equal speeds give
 * equal ranges.
 *
 * @param leaves number of leaves to share.
 * @returns one range per worker; a worker that gets nothing has `count` 0.
 * @throws RangeError if a speed is not a positive finite number.
 */
export function shareLeaves(leaves: number, workers: readonly Share[]): LeafRange[] {
  if (workers.some(({ speed }) => !(speed > 0 && Number.isFinite(speed)))) {
    throw new RangeError('a speed is not positive');
  }
  let left = leaves;
  const counts = workers.map(({ onTrial = false }) => (onTrial && left > 0 ? ((left -= 1), 1) : 0));
  for (; left > 0 && counts.length > 0; left--) {
    let best = 0;
    for (let worker = 1; worker < counts.length; worker++) {
      // Times to finish with one leaf more, both multiplied by both speeds.
      const time = (counts[worker] + 1) * workers[best].speed;
      const least = (counts[best] + 1) * workers[worker].speed;
      if (time < least || (time === least && counts[worker] < counts[best])) best = worker;
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
