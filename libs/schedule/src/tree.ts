/**
 * The reduction tree of a step: M leaves (M a power of two), each node the sum of its two halves.
 *
 * Invariant: the value of a node depends on its leaves alone. Which worker computed them, in what order they arrived
 * and how leases cut the range cannot change it, because every sum anybody forms is the sum of two sibling nodes.
 */

/** An aligned subtree: `size` is a power of two and `start` a multiple of it. */
export interface Subtree {
  readonly start: number;
  readonly size: number;
}

/** A contiguous range of leaves `[first, first + count)`. */
export interface LeafRange {
  readonly first: number;
  readonly count: number;
}

export function isPowerOfTwo(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 1 && Number.isInteger(Math.log2(value));
}

/** Whether a start and a size name an aligned subtree inside a tree of `leaves` leaves. */
export function isSubtree({ start, size }: Subtree, leaves: number): boolean {
  return (
    isPowerOfTwo(size) && Number.isSafeInteger(start) && start >= 0 && start % size === 0 && start + size <= leaves
  );
}

/**
 * Cuts a range into the fewest aligned subtrees, in order: at most 2 log2(M) of them.
 *
 * @throws RangeError unless the range holds at least one leaf and starts at or after zero.
 */
export function alignedSubtrees({ first, count }: LeafRange): Subtree[] {
  if (!(Number.isSafeInteger(first) && Number.isSafeInteger(count) && first >= 0 && count >= 1)) {
    throw new RangeError(`no leaves in [${first}, ${first + count})`);
  }
  const subtrees: Subtree[] = [];
  const end = first + count;
  for (let start = first; start < end;) {
    let size = 1;
    while (start % (size * 2) === 0 && start + size * 2 <= end) size *= 2;
    subtrees.push({ start, size });
    start += size;
  }
  return subtrees;
}

/** Whether the first subtree contains the second (or is it). */
export function contains(outer: Subtree, inner: Subtree): boolean {
  return inner.start >= outer.start && inner.start + inner.size <= outer.start + outer.size;
}
