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
  /** One of those who together may have a limited number of leaves. */
  readonly isLimited?: boolean;
}

/**
 * Splits leaves among workers so that the slowest finishes as early as possible, in contiguous ranges in the order of
 * the workers. Where that leaves a choice the worker with fewer leaves gets one more, then the earlier: equal speeds give
 * equal ranges.
 *
 * @param leaves number of leaves to share.
 * @param limit most leaves of all those together that are limited; where nobody else is there the rest is left.
 * @returns one range per worker; a worker that gets nothing has `count` 0.
 * @throws RangeError if a speed is not a positive finite number.
 */
export function shareLeaves(leaves: number, workers: readonly Share[], limit = Infinity): LeafRange[] {
  if (workers.some(({ speed }) => !(speed > 0 && Number.isFinite(speed)))) {
    throw new RangeError('a speed is not positive');
  }
  const rest = new Rest(leaves, limit);
  const counts = workers.map((worker) => (worker.onTrial === true && rest.give(worker) ? 1 : 0));
  addLeaves(rest, counts, workers);
  let first = 0;
  return counts.map((count) => {
    const range = { first, count };
    first += count;
    return range;
  });
}

/** Leaves that nobody has yet. */
class Rest {
  #leaves: number;
  #limited: number;

  constructor(leaves: number, limited: number) {
    this.#leaves = leaves;
    this.#limited = limited;
  }

  get isEmpty(): boolean {
    return this.#leaves === 0;
  }

  /** One leaf for a worker. @returns whether it may have one. */
  give({ isLimited = false }: Share): boolean {
    if (this.#leaves === 0 || (isLimited && this.#limited === 0)) return false;
    this.#leaves -= 1;
    if (isLimited) this.#limited -= 1;
    return true;
  }
}

/** Adds leaves one by one to whoever would finish first with one more. */
function addLeaves(rest: Rest, counts: number[], workers: readonly Share[]): void {
  const isBefore = (a: number, b: number) => {
    // Times to finish with one leaf more, both multiplied by both speeds.
    const time = (counts[a] + 1) * workers[b].speed;
    const other = (counts[b] + 1) * workers[a].speed;
    if (time !== other) return time < other;
    return counts[a] === counts[b] ? a < b : counts[a] < counts[b];
  };
  const heap = new Heap(isBefore, counts.keys());
  for (let first = heap.first; first !== undefined && !rest.isEmpty; first = heap.first) {
    if (rest.give(workers[first])) {
      counts[first] += 1;
      heap.firstMovedBack();
    } else heap.pop();
  }
}
