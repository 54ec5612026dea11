/** How long a fault was felt, from what a proxy saw. */
import { COORDINATOR } from './fault.ts';
import type { Moment } from './moments.ts';

/** What came after a fault. */
export interface Aftermath {
  /**
   * Milliseconds until leaves that the worker held in the open step were leased to another worker; null if it held none
   * or nobody was asked for them.
   */
  readonly detectionMs: number | null;
  /** Milliseconds until the next step was closed; null if none was. */
  readonly recoveryMs: number | null;
}

/**
 * Looks at few moments around the fault: hours of them are asked about a thousand faults.
 *
 * @param moments in the order in which they happened.
 * @param fault when it hit, and whom; {@link COORDINATOR} is one that has to be started again.
 */
export function aftermath(moments: readonly Moment[], fault: { at: number; party: string }): Aftermath {
  const { at, party } = fault;
  const from = firstAfter(moments, at);
  if (party === COORDINATOR) {
    // One that was started again may go back some steps: whatever closes then is progress.
    const joined = next(moments, from, ({ kind }) => kind === 'joined');
    return { detectionMs: null, recoveryMs: since(at, joined && nextClosed(moments, joined.index, 0)) };
  }
  const closed = lastClosed(moments, from);
  const held = heldIn(moments, { before: from, party, step: closed + 1 });
  const detected =
    held.size === 0
      ? undefined
      : next(
          moments,
          from,
          (moment) =>
            moment.kind === 'leased' &&
            moment.worker !== party &&
            moment.step === closed + 1 &&
            leavesOf(moment).some((leaf) => held.has(leaf)),
        );
  return { detectionMs: since(at, detected), recoveryMs: since(at, nextClosed(moments, from, closed)) };
}

/** Index of the first moment later than this. */
function firstAfter(moments: readonly Moment[], at: number): number {
  let [low, high] = [0, moments.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (moments[middle].at <= at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Step of the last average before an index, 0 if there was none. */
function lastClosed(moments: readonly Moment[], before: number): number {
  for (let i = before - 1; i >= 0; i--) {
    const moment = moments[i];
    if (moment.kind === 'average') return moment.step;
  }
  return 0;
}

/** Leaves of a step that were leased to a worker and for which no result went by. */
function heldIn(
  moments: readonly Moment[],
  { before, party, step }: { before: number; party: string; step: number },
): Set<number> {
  const held = new Set<number>();
  const done = new Set<number>();
  for (let i = before - 1; i >= 0; i--) {
    const moment = moments[i];
    // A step's leases go out while the one before it is open, not sooner.
    if (moment.kind === 'average' && moment.step < step - 2) break;
    if (moment.kind === 'result' && moment.step === step) for (const leaf of leavesOf(moment)) done.add(leaf);
    if (moment.kind === 'leased' && moment.step === step && moment.worker === party) {
      for (const leaf of leavesOf(moment)) held.add(leaf);
    }
  }
  for (const leaf of done) held.delete(leaf);
  return held;
}

function leavesOf({ first, count }: { first: number; count: number }): number[] {
  return Array.from({ length: count }, (_, index) => first + index);
}

/** Averages of the step that was closed last may still be on the way to others. */
function nextClosed(moments: readonly Moment[], from: number, last: number): Found | undefined {
  return next(moments, from, (moment) => moment.kind === 'average' && moment.step !== last);
}

interface Found {
  readonly index: number;
  readonly moment: Moment;
}

function next(moments: readonly Moment[], from: number, is: (moment: Moment) => boolean): Found | undefined {
  for (let index = from; index < moments.length; index++) {
    if (is(moments[index])) return { index, moment: moments[index] };
  }
  return undefined;
}

function since(at: number, found: Found | undefined): number | null {
  return found ? found.moment.at - at : null;
}

/** The middle of some numbers, the upper one of two; NaN of none. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? NaN;
}
