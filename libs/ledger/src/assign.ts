/**
 * Who computes what next: free leaves meet idle workers.
 */
import { shareLeaves } from './shares.ts';
import type { Share } from './shares.ts';
import type { Assignment, StepLeases } from './leases.ts';

/** A worker that waits for work. */
export interface IdleWorker extends Share {
  readonly name: string;
}

/**
 * Shares all free leaves out among idle workers, by speed, in contiguous ranges; a share that spans a gap becomes two
 * assignments. Leaves that a worker was too slow for before go to the others.
 */
export function assignFreeLeaves(leases: StepLeases, idle: readonly IdleWorker[]): Assignment[] {
  const assignments: Assignment[] = [];
  const waiting = [...idle];
  const taken = new Set<number>();
  while (waiting.length > 0) {
    const head = waiting[0];
    const free = leases
      .freeRanges(head.name)
      .flatMap(({ first, count }) => Array.from({ length: count }, (_, i) => first + i))
      .filter((leaf) => !taken.has(leaf));
    const shares = shareLeaves(free.length, waiting);
    waiting.shift();
    for (const leaf of free.slice(0, shares[0].count)) {
      taken.add(leaf);
      const last = assignments.at(-1);
      if (last?.worker === head.name && last.range.first + last.range.count === leaf) {
        assignments[assignments.length - 1] = {
          worker: head.name,
          range: { first: last.range.first, count: last.range.count + 1 },
        };
      } else {
        assignments.push({ worker: head.name, range: { first: leaf, count: 1 } });
      }
    }
  }
  return assignments;
}
