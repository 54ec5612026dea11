/** How long a fault was felt, from what a proxy saw. */
import { COORDINATOR } from './fault.ts';
import type { Event, Moment } from './moments.ts';

type Seen<K extends Event['kind']> = Extract<Moment, { kind: K }>;

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

/** @param fault when it hit, and whom; {@link COORDINATOR} is one that has to be started again. */
export function aftermath(moments: readonly Moment[], fault: { at: number; party: string }): Aftermath {
  const { at, party } = fault;
  const before = moments.filter((moment) => moment.at <= at);
  const after = moments.filter((moment) => moment.at > at);
  if (party === COORDINATOR) return { detectionMs: null, recoveryMs: since(at, nextClosed(afterJoin(after), 0)) };
  const closed = ofKind(before, 'average').at(-1)?.step ?? 0;
  const recovered = nextClosed(after, closed);
  const detected = ofKind(after, 'leased').find(
    ({ worker, step, ...range }) =>
      worker !== party && step === closed + 1 && held(before, { party, step }).some((leaf) => contains(range, leaf)),
  );
  return { detectionMs: since(at, detected), recoveryMs: since(at, recovered) };
}

/** Leaves of a step that were leased to a worker and for which no result went by. */
function held(moments: readonly Moment[], { party, step }: { party: string; step: number }): number[] {
  const leased = ofKind(moments, 'leased').filter((lease) => lease.step === step && lease.worker === party);
  const done = ofKind(moments, 'result').filter((result) => result.step === step);
  return leased.flatMap(leavesOf).filter((leaf) => !done.some((result) => contains(result, leaf)));
}

function leavesOf({ first, count }: { first: number; count: number }): number[] {
  return Array.from({ length: count }, (_, index) => first + index);
}

function contains({ first, count }: { first: number; count: number }, leaf: number): boolean {
  return leaf >= first && leaf < first + count;
}

/** A coordinator that was started again may go back some steps: whatever closes then is progress. */
function afterJoin(moments: readonly Moment[]): readonly Moment[] {
  const joined = moments.findIndex(({ kind }) => kind === 'joined');
  return joined < 0 ? [] : moments.slice(joined);
}

/** Averages of the step that was closed last may still be on the way to others. */
function nextClosed(moments: readonly Moment[], last: number): Moment | undefined {
  return ofKind(moments, 'average').find(({ step }) => step !== last);
}

function ofKind<K extends Event['kind']>(moments: readonly Moment[], kind: K): Seen<K>[] {
  return moments.filter((moment): moment is Seen<K> => moment.kind === kind);
}

function since(at: number, moment: Moment | undefined): number | null {
  return moment ? moment.at - at : null;
}

/** The middle of some numbers, the upper one of two; NaN of none. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? NaN;
}
