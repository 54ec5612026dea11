/**
 * Whether the results that a step used cover its leaves, each exactly once.
 *
 * Aligned subtrees are nested or disjoint, so the largest of them never overlap: if together they reach every leaf, they
 * are an exact cover. A smaller result inside a larger one was replaced by it in the sum and adds nothing.
 */
import { isSubtree } from '@gradcast/schedule';
import type { Subtree } from '@gradcast/schedule';
import type { LedgerResult } from './record.ts';

/** Results that were held back; they are used if nobody refutes them, and then cover what no other result does. */
const HELD_BACK = new Set(['suspect', 'held']);

/** What is wrong with a step's results, in words that follow "the step"; undefined if nothing is. */
export function coverFault(results: readonly LedgerResult[], leaves: number): string | undefined {
  const outside = results.find((result) => !isSubtree(result, leaves));
  if (outside) {
    return `has a result for leaves ${rangeOf(outside)}, which are no subtree of ${leaves} leaves`;
  }
  const covered = new Uint8Array(leaves);
  const cover = (result: Subtree): boolean => {
    const mine = covered.subarray(result.start, result.start + result.size);
    const isNew = mine.includes(0);
    mine.fill(1);
    return isNew;
  };
  const again = results.filter(({ outcome }) => outcome === 'accepted').find((result) => !cover(result));
  if (again) return `counts leaves ${rangeOf(again)} twice`;
  for (const result of results) if (HELD_BACK.has(result.outcome)) cover(result);
  const missing = covered.indexOf(0);
  return missing < 0 ? undefined : `has no result for leaf ${missing}`;
}

function rangeOf({ start, size }: Subtree): string {
  return size === 1 ? `${start}` : `${start} to ${start + size - 1}`;
}
