/**
 * Where values lie that live at different times: greedy by size (Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net
 * Inference", 2020). The largest value is placed first; each next one at the lowest place where none that lives with it lies.
 */
import type { Lifetime } from './plan.ts';
import { PLACE } from './plan.ts';
import { PlanError } from './plan-error.ts';

export interface Placed {
  readonly arena: number;
  /** Bytes. */
  readonly offset: number;
}

export interface Claim {
  readonly name: string;
  readonly bytes: number;
  readonly lifetime: Lifetime;
}

export interface Arenas {
  /** In the order of the claims. */
  readonly places: readonly Placed[];
  /** Bytes of each arena. */
  readonly sizes: readonly number[];
}

/**
 * @param largest bytes that an arena may have.
 * @throws PlanError `plan-too-large` for a value that is larger.
 */
export function placeValues(claims: readonly Claim[], largest: number): Arenas {
  const order = claims.map((_, index) => index).sort((a, b) => claims[b].bytes - claims[a].bytes || a - b);
  const places: Placed[] = [];
  const sizes: number[] = [];
  const settled: number[] = [];
  for (const index of order) {
    const { name, lifetime } = claims[index];
    const bytes = roundUp(claims[index].bytes);
    if (bytes > largest) {
      throw new PlanError(
        'plan-too-large',
        `${name} takes ${bytes} bytes, more than the ${largest} of a buffer: use smaller micro-batches`,
      );
    }
    const beside = settled.filter((other) => overlap(claims[other].lifetime, lifetime));
    for (let arena = 0; ; arena++) {
      const taken = beside
        .filter((other) => places[other].arena === arena)
        .map((other) => ({ from: places[other].offset, to: places[other].offset + roundUp(claims[other].bytes) }))
        .sort((a, b) => a.from - b.from);
      const offset = firstGap(taken, bytes);
      if (offset + bytes > largest) continue;
      places[index] = { arena, offset };
      sizes[arena] = Math.max(sizes[arena] ?? 0, offset + bytes);
      break;
    }
    settled.push(index);
  }
  return { places, sizes };
}

/** Both ends are within: a launch may not write where it reads. */
export function overlap(a: Lifetime, b: Lifetime): boolean {
  return a.from <= b.to && b.from <= a.to;
}

export function roundUp(bytes: number): number {
  return Math.ceil(bytes / PLACE) * PLACE;
}

/** @param taken by their beginnings. */
function firstGap(taken: readonly { readonly from: number; readonly to: number }[], bytes: number): number {
  let free = 0;
  for (const { from, to } of taken) {
    if (from - free >= bytes) return free;
    free = Math.max(free, to);
  }
  return free;
}
