/**
 * How a step's leaves are shared out: contiguous ranges, as many as the workers' speeds call for.
 */
import { Heap } from './heap.ts';
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
  if (left > 0 && workers.length > 0) addLeaves(left, counts, workers);
  let first = 0;
  return counts.map((count) => {
    const range = { first, count };
    first += count;
    return range;
  });
}

/** Adds leaves one by one to whoever would finish first with one more. */
function addLeaves(leaves: number, counts: number[], workers: readonly Share[]): void {
  const isBefore = (a: number, b: number) => {
    // Times to finish with one leaf more, both multiplied by both speeds.
    const time = (counts[a] + 1) * workers[b].speed;
    const other = (counts[b] + 1) * workers[a].speed;
    if (time !== other) return time < other;
    return counts[a] === counts[b] ? a < b : counts[a] < counts[b];
  };
  const heap = new Heap(isBefore, counts.keys());
  for (let left = leaves; left > 0; left--) {
    counts[heap.first!] += 1;
    heap.firstMovedBack();
  }
}
