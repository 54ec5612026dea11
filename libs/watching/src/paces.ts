/** Who computes how much of a run, and how fast, from the results of its last steps. */

import type { WorkerPart } from './bottleneck.ts';

export interface WorkerPace {
  /** Of the leaves that were used, 0 to 1. */
  readonly share: number;
  readonly imagesPerSecond: number;
}

/** A result as the ledger has it, of which the model may have something. */
export interface UsedResult {
  readonly worker: string;
  /** Leaves. */
  readonly size: number;
  /** Milliseconds from the lease's grant. */
  readonly ms: number;
}

/** Steps that count: of earlier ones nobody asks how things are. */
export const PACE_STEPS = 64;
/** What became of results that are in the sum. */
export const USED: readonly unknown[] = ['accepted', 'suspect'];

/** By worker, the busiest first. @param microBatch images of a leaf. */
export function pacesOf(results: Iterable<UsedResult>, microBatch: number): Map<string, WorkerPace> {
  const leaves = new Map<string, { leaves: number; ms: number }>();
  let all = 0;
  for (const { worker, size, ms } of results) {
    const sum = leaves.get(worker) ?? { leaves: 0, ms: 0 };
    leaves.set(worker, { leaves: sum.leaves + size, ms: sum.ms + ms });
    all += size;
  }
  const sorted = [...leaves].sort(([, a], [, b]) => b.leaves - a.leaves);
  return new Map(
    sorted.map(([worker, { leaves: own, ms }]) => [
      worker,
      { share: own / all, imagesPerSecond: (1000 * own * microBatch) / ms },
    ]),
  );
}

/**
 * What `bottleneckOf` takes, from paces: leaves as shares, and seconds of the same unit.
 *
 * @param present those who are there, busy or not, where that is known; others count no more.
 */
export function workerParts(paces: ReadonlyMap<string, WorkerPace>, present?: readonly string[]): WorkerPart[] {
  return (present ?? [...paces.keys()]).map((name) => {
    const { share, imagesPerSecond } = paces.get(name) ?? { share: 0, imagesPerSecond: 1 };
    return { name, leaves: share, seconds: share / imagesPerSecond };
  });
}
