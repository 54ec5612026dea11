/**
 * Shares in which a vector has its price: every subtree of a lease is one vector to receive and to add, which beside fast
 * workers costs a step more than a leaf too many for one of them.
 *
 * Equal shares of 32 leaves for four workers are four vectors; shares of 9, 8, 8 and 7 are nine.
 */
import { shareLeaves } from './shares.ts';
import type { Share } from './shares.ts';
import { alignedSubtrees } from './tree.ts';
import type { LeafRange } from './tree.ts';

/** As {@link Share}, but the speed is absolute. */
interface Costed extends Share {
  /** Leaves per second. */
  readonly speed: number;
}

/**
 * Shares all leaves of a step, in units of 1, 2, 4, ... leaves: the unit with which the slowest's leaves and all vectors together take
 * least. Of units that take as long the finest counts, so without a price these are the shares of `shareLeaves`.
 *
 * A worker on trial is to have one leaf, and who is limited is counted by leaves: with either the unit is one leaf.
 *
 * @param leaves M, a power of two.
 * @param vectorMs milliseconds that a vector costs the coordinator.
 * @param limit as of `shareLeaves`.
 * @throws RangeError as `shareLeaves`.
 */
export function shareInGrains(
  leaves: number,
  workers: readonly Costed[],
  vectorMs: number,
  limit = Infinity,
): LeafRange[] {
  let best = shareLeaves(leaves, workers, limit);
  if (!(vectorMs > 0) || workers.some(({ onTrial, isLimited }) => onTrial === true || isLimited === true)) return best;
  let least = costOf(best, workers, vectorMs);
  for (let grain = 2; grain * workers.length <= leaves; grain *= 2) {
    const shares = shareLeaves(leaves / grain, workers).map(({ first, count }) => ({
      first: first * grain,
      count: count * grain,
    }));
    const cost = costOf(shares, workers, vectorMs);
    if (cost < least) [best, least] = [shares, cost];
  }
  return best;
}

/** Milliseconds. */
function costOf(shares: readonly LeafRange[], workers: readonly Costed[], vectorMs: number): number {
  let [slowest, vectors] = [0, 0];
  for (const [index, share] of shares.entries()) {
    if (share.count === 0) continue;
    slowest = Math.max(slowest, (1000 * share.count) / workers[index].speed);
    vectors += alignedSubtrees(share).length;
  }
  return slowest + vectors * vectorMs;
}
