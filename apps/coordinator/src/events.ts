/**
 * What happens in a run, as values: one typed stream of events, from which log, terminal, IPC, Prometheus, `events.jsonl` and
 * whoever listens on the control socket read. Nothing here decides anything.
 */
import type { Subtree } from '@gradcast/schedule';

/** States of a run, in the order in which it goes through them; the last five are final. */
export const RUN_STATES = [
  'setting-up',
  'waiting-for-workers',
  'running',
  'paused',
  'draining',
  'stopping',
  'completed',
  'diverged',
  'abandoned',
  'stopped',
  'failed',
] as const;
export type RunStateName = (typeof RUN_STATES)[number];

/** Why the state of a run changes. */
export type Cause =
  /** Version 0 is safe and workers may come. */
  | { readonly kind: 'ready' }
  | { readonly kind: 'quorum-reached' }
  | { readonly kind: 'quorum-lost' }
  | { readonly kind: 'step-closed' }
  | { readonly kind: 'operator'; readonly operation: 'pause' | 'resume' | 'stop' }
  | { readonly kind: 'signal'; readonly signal: 'SIGINT' | 'SIGTERM' }
  /** Too few workers for `--wait-workers`. */
  | { readonly kind: 'no-workers'; readonly seconds: number }
  /** Every local worker has ended, and nobody else can come. */
  | { readonly kind: 'alone' }
  | { readonly kind: 'defect'; readonly sentence: string }
  /** The last checkpoint could not be written. */
  | { readonly kind: 'disk' }
  | { readonly kind: 'diverged'; readonly sentence: string }
  /** The last step has closed. */
  | { readonly kind: 'end' }
  /** The last checkpoint is written and workers are gone. */
  | { readonly kind: 'over' };

/** What a user may want to read of a run afterwards, or see while it runs. */
export type RunEvent =
  | {
      readonly type: 'state';
      readonly from: RunStateName;
      /** The same where only `pausing` changed, or what the run ends for. */
      readonly to: RunStateName;
      /** A pause was asked for and takes effect when the open step closes. */
      readonly pausing: boolean;
      readonly cause: Cause;
    }
  | ({ readonly type: 'joined' } & JoinedWorker)
  | ({ readonly type: 'left'; readonly worker: string } & Departure)
  /** `leftOut`: so many refusals before it were not told one by one. */
  | {
      readonly type: 'refused';
      readonly worker: string;
      readonly code: string;
      readonly sentence: string;
      readonly leftOut: number;
    }
  | { readonly type: 'quarantined'; readonly worker: string; readonly reason: string; readonly termMs: number }
  | {
      readonly type: 'parked';
      readonly worker: string;
      readonly bytesPerSecond: number;
      readonly neededBytesPerSecond: number;
    }
  /** Others may be asked for leaves of a worker: it let a deadline pass, or others have nothing to do. */
  | {
      readonly type: 'leased-again';
      readonly worker: string;
      readonly step: number;
      readonly first: number;
      readonly count: number;
      readonly why: 'expired' | 'shared';
    }
  | { readonly type: 'audited'; readonly ending: AuditEnding; readonly worker: string }
  | { readonly type: 'step-closed'; readonly step: number; readonly skipped: boolean; readonly seconds: number }
  | { readonly type: 'saved'; readonly step: number; readonly seconds: number }
  | { readonly type: 'sampled'; readonly step: number };

/** An event with its place in the stream. */
export type NumberedEvent = RunEvent & {
  /** One more than the event before it, over all starts of a run. */
  readonly seq: number;
  /** Seconds since 1970. */
  readonly time: number;
};

/** How an audit ended: two agreed, or the arbiter found the same, or found otherwise. */
export type AuditEnding = 'agreed' | 'confirmed' | 'settled';

/** How a result or a lease ended. */
export type LeaseOutcome = 'accepted' | 'late' | 'expired' | 'refused' | 'duplicate' | 'audited';

export interface JoinedWorker {
  readonly name: string;
  readonly backend: string;
  readonly device: string;
  /** Names and probe together: equal for workers that compute the same bits. */
  readonly profile: string;
}

/**
 * Why a worker is gone: its connection was lost, it said that it leaves, an operator drained it, or the run is over and it was
 * sent home.
 */
export interface Departure {
  readonly why: 'lost' | 'left' | 'drained' | 'dismissed';
  readonly reason: string;
}

/** What happens among the workers, told by who knows it: the measured, and what becomes an event. */
export interface FleetEvents {
  joined(worker: JoinedWorker): void;
  left(worker: string, departure: Departure): void;
  /** Nobody has this name any more, however its worker went. */
  forgotten(worker: string): void;
  refused(worker: string, code: string, sentence: string): void;
  lease(outcome: LeaseOutcome, worker: string): void;
  /** A lease came back whole: milliseconds from grant to result, and those of them spent computing. */
  leaseTime(worker: string, totalMs: number, computeMs: number): void;
  /** A result was computed with another replica than ours. */
  mismatch(worker: string): void;
  readonly bytes: (direction: 'in' | 'out', message: string, bytes: number) => void;
  /** Others may be asked for a worker's leaves of a step. */
  leasedAgain(worker: string, leaves: { step: number; first: number; count: number }, why: 'expired' | 'shared'): void;
  /** @param worker whose value is used. */
  audit(ending: AuditEnding, worker: string): void;
  /** A sentence that a user should see. */
  notice(sentence: string): void;
  /** A worker cannot keep up and gets nothing: bytes a second that it takes, and that it would have to. */
  parked(worker: string, bytesPerSecond: number, neededBytesPerSecond: number): void;
  quarantined(worker: string, reason: string, termMs: number): void;
  /** Handling a message of a worker failed for a reason of ours; it lost its connection. */
  failed(worker: string, error: unknown): void;
  /** This process stood still for so long. */
  stalled(ms: number): void;
}

/** What a worker is doing: not ready yet, waiting for work, computing, kept from work, too slow for the others, or finishing what it has. */
export const WORKER_STATES = ['joining', 'idle', 'leased', 'quarantined', 'parked', 'leaving'] as const;
export type WorkerState = (typeof WORKER_STATES)[number];

/** A worker as metrics and discovery see it. */
export interface WorkerView {
  readonly name: string;
  readonly backend: string;
  readonly address: string;
  readonly metricsPort: number | null;
  /** Whether this command started it. */
  readonly isLocal: boolean;
  readonly state: WorkerState;
  /** Why the worker is in quarantine, if it is. */
  readonly quarantine: string | null;
}

/**
 * What became of a result: in the sum, too late for it, held back because its numbers look wrong, held until an audit
 * settles it, refuted by that, or heard as an audit's answer.
 */
export type Verdict = 'accepted' | 'late' | 'suspect' | 'held' | 'refuted' | 'heard';

/** One result of a step, for the ledger. */
export interface SubtreeRecord extends Subtree {
  readonly worker: string;
  readonly outcome: Verdict;
  /** Milliseconds from the lease's grant to the result. */
  readonly ms: number;
}
