/**
 * Where the time of a step went, in total and by worker. What each phase is, and why, stands in ARCHITECTURE.md ("Where the time of a
 * step goes").
 *
 * Invariants: accounts of successive steps tile the run's time, pauses left out; the phases of one add up to it, whatever workers say
 * and however clocks jump; a worker's four parts never exceed it.
 */
import { NO_TIME, PHASES } from '@gradcast/config';
import type { PhaseName } from '@gradcast/config';
import { USED } from '@gradcast/watching';
import type { AnswerTimes, LeaseRecord, SubtreeRecord } from '../events.ts';

export type PhaseMs = Readonly<Record<PhaseName, number>>;

/** What a worker had of a step, in milliseconds; the rest of the step it waited. */
export interface WorkerMs {
  readonly worker: string;
  /** Leaves of it that were used. */
  readonly leaves: number;
  readonly compute: number;
  readonly network: number;
  readonly overdue: number;
}

export interface StepAccount {
  /** The sum of the phases. */
  readonly totalMs: number;
  readonly phases: PhaseMs;
  /** Those that were leased something. */
  readonly workers: readonly WorkerMs[];
}

/** A step that closed: an `OpenStep` is one. */
export interface AccountedStep {
  readonly times: {
    readonly openedAt: number;
    readonly addedMs: number;
    readonly stoodMs: number;
    idleMs(now: number): number;
    answerTo(lease: number): AnswerTimes | undefined;
  };
  readonly history: readonly Pick<SubtreeRecord, 'worker' | 'size' | 'outcome'>[];
}

export interface ClosedStep {
  readonly step: AccountedStep;
  /** As they ended. */
  readonly leases: readonly LeaseRecord[];
  readonly timer: { endOf(stage: 'lease' | 'gather' | 'reduce' | 'broadcast' | 'optimizer'): number };
  /** The next step, if it was opened ahead. */
  readonly next?: Pick<AccountedStep, 'times'> | undefined;
}

/** What this process did between a step's opening and its wait for results. */
interface Hidden {
  readonly optimizer: number;
  readonly other: number;
}

export class StepAccounts {
  /** Where the step before ended. */
  #end: number | undefined;
  #optimizerMs = 0;
  /** When the coordinator had taken that step. */
  #tookAt = -Infinity;
  #pausedMs = 0;

  /** The run was paused for so long. */
  paused(ms: number): void {
    this.#pausedMs += Math.max(0, ms);
  }

  /** A step has ended. */
  close({ step, leases, timer, next }: ClosedStep): StepAccount {
    const { openedAt } = step.times;
    // Waiting for the first workers is start-up, and no part of a step.
    const startMs = this.#end === undefined ? earliest(leases, openedAt) - openedAt : 0;
    const from = this.#end ?? openedAt;
    const opened = Math.max(from, openedAt);
    const gathered = Math.max(opened, timer.endOf('gather'));
    const busy = positive(timer.endOf('lease') - Math.max(opened, this.#tookAt));
    const hidden = { optimizer: this.#optimizerMs, other: busy };
    const phases = { ...NO_TIME, ...gather(step, leases, { from: opened, to: gathered, hidden }) };
    phases.other += opened - from;
    phases.reduce = positive(timer.endOf('reduce') - gathered);
    const reduced = gathered + phases.reduce;
    const broadcast = Math.max(reduced, timer.endOf('broadcast'));
    const ended = Math.max(broadcast, timer.endOf('optimizer'));
    if (next === undefined) {
      phases.broadcast = broadcast - reduced;
      phases.optimizer += ended - broadcast;
      this.#end = ended;
      this.#optimizerMs = 0;
    } else {
      this.#end = Math.max(reduced, next.times.openedAt);
      phases.broadcast = this.#end - reduced;
      this.#optimizerMs = ended - broadcast;
    }
    this.#tookAt = ended;
    const pausedMs = Math.min(this.#pausedMs, this.#end - from);
    this.#pausedMs = 0;
    takeAway(phases, pausedMs, PAUSED);
    takeAway(phases, positive(startMs), ['idle']);
    const totalMs = PHASES.reduce((sum, name) => sum + phases[name], 0);
    return { totalMs, phases, workers: workersOf(step, leases, { from: opened, to: gathered, mostMs: totalMs }) };
  }
}

/** Where a pause lies: between steps, else where nobody computes, else wherever it may be. */
const PAUSED: readonly PhaseName[] = ['other', 'idle', 'straggler', 'network', 'compute', 'adding', 'optimizer'];
/** Results that are none of what a step waits for. */
const UNUSED: readonly string[] = ['late', 'refuted'];

interface Span {
  readonly from: number;
  readonly to: number;
}

interface Answered extends AnswerTimes {
  readonly grantedAt: number;
}

/** Cuts the wait for results into phases that add up to it. */
function gather(
  { times }: AccountedStep,
  leases: readonly LeaseRecord[],
  { from, to, hidden }: Span & { readonly hidden: Hidden },
): Pick<Mutable<PhaseMs>, 'compute' | 'network' | 'straggler' | 'adding' | 'optimizer' | 'other' | 'idle'> {
  const answered = leases.flatMap(({ lease, grantedAt, end }): Answered[] => {
    const answer = UNUSED.includes(end) ? undefined : times.answerTo(lease);
    // Its deadline, and so its beginning, moved by as long as this process stood still; its worker did not.
    return answer ? [{ ...answer, grantedAt: grantedAt - times.stoodMs }] : [];
  });
  answered.sort((a, b) => a.at - b.at);
  const last = answered.at(-1);
  const hasOthers = answered.length > 1;
  // Of an even number the later one, so that of two others who take unlike times neither makes the last one look late.
  const pacer = hasOthers ? answered[(answered.length - 1) >> 1] : last;
  const cut = hasOthers ? clamp(pacer!.at, from, to) : to;
  const [addedMs, idleMs] = [times.addedMs, times.idleMs(to)];
  const [addedBefore, idleBefore] = hasOthers ? [pacer!.addedMs, pacer!.idleMs] : [addedMs, idleMs];

  // Behind the cut all wait for the last.
  const after = new Piece(to - cut);
  let idle = after.take(idleMs - idleBefore);
  let adding = after.take(addedMs - addedBefore);
  let straggler = after.rest;

  // Before it, what is certain goes first, and what nobody measures is what is left.
  const before = new Piece(cut - from);
  const granted = pacer ? clamp(pacer.grantedAt, from, cut) : from;
  idle += before.take(idleBefore);
  const compute = before.take(Math.min(pacer?.computeMs ?? 0, cut - granted));
  adding += before.take(addedBefore);
  const optimizer = before.take(hidden.optimizer);
  // Adding may be what it stood still for.
  const other = before.take(hidden.other) + before.take(times.stoodMs - addedBefore);
  straggler += before.take(granted - from - idleBefore);
  return { idle, compute, adding, optimizer, other, straggler, network: before.rest };
}

/** A stretch of time that is given away bit by bit. */
class Piece {
  rest: number;

  constructor(ms: number) {
    this.rest = positive(ms);
  }

  /** As much of it as there is. */
  take(ms: number): number {
    const taken = Math.min(positive(ms), this.rest);
    this.rest -= taken;
    return taken;
  }
}

/** What each worker had of a step. Leases of one worker follow each other; where they overlap, time counts for the first. */
function workersOf(
  { times, history }: AccountedStep,
  leases: readonly LeaseRecord[],
  { from, to, mostMs }: Span & { readonly mostMs: number },
): WorkerMs[] {
  const by = new Map<string, Mutable<WorkerMs> & { until: number }>();
  for (const { worker, lease, grantedAt } of leases) {
    let own = by.get(worker);
    if (!own) by.set(worker, (own = { worker, leaves: 0, compute: 0, network: 0, overdue: 0, until: from }));
    const answer = times.answerTo(lease);
    const begun = Math.max(own.until, grantedAt - times.stoodMs);
    const ended = Math.min(to, answer?.at ?? to);
    const piece = new Piece(Math.min(ended - begun, mostMs - own.compute - own.network - own.overdue));
    own.until = Math.max(own.until, ended);
    if (!answer) own.overdue += piece.rest;
    else {
      own.compute += piece.take(answer.computeMs);
      own.network += piece.rest;
    }
  }
  for (const { worker, size, outcome } of history) {
    const own = by.get(worker);
    if (own && USED.includes(outcome)) own.leaves += size;
  }
  return [...by.values()].map(({ worker, leaves, compute, network, overdue }) => ({
    worker,
    leaves,
    compute,
    network,
    overdue,
  }));
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** When the first lease was granted. */
function earliest(leases: readonly LeaseRecord[], otherwise: number): number {
  return leases.length === 0 ? otherwise : Math.min(...leases.map(({ grantedAt }) => grantedAt));
}

function takeAway(phases: Mutable<PhaseMs>, ms: number, order: readonly PhaseName[]): void {
  let left = ms;
  for (const name of order) {
    const taken = Math.min(left, phases[name]);
    phases[name] -= taken;
    left -= taken;
  }
}

/** 0 for what is less, or no number. */
function positive(ms: number): number {
  return ms > 0 ? ms : 0;
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}
