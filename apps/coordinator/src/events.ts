/**
 * What the parts of a coordinator tell of workers, leases and results. What a user may read of it are the events of a run, which
 * have a stream of their own (`libs/config/src/run-events.ts`).
 */
import type { AuditEnding, CredentialRole, Departure, JoinedWorker, RunEvent } from '@gradcast/config';
import type { RefusalCode } from '@gradcast/protocol';
import type { Subtree } from '@gradcast/schedule';

export { RUN_STATES } from '@gradcast/config';
export type {
  AuditEnding,
  Cause,
  Departure,
  JoinedWorker,
  NumberedEvent,
  RunEvent,
  RunStateName,
} from '@gradcast/config';

/** How a result or a lease ended. */
export type LeaseOutcome = 'accepted' | 'late' | 'expired' | 'refused' | 'duplicate' | 'audited';

/** What happens among the workers, told by who knows it: the measured, and what becomes an event. */
export interface FleetEvents {
  /** What becomes an event as it is. */
  happened(event: RunEvent): void;
  joined(worker: JoinedWorker): void;
  left(worker: string, departure: Departure): void;
  /** Nobody has this name any more, however its worker went. */
  forgotten(worker: string): void;
  refused(worker: string, code: string, sentence: string): void;
  lease(outcome: LeaseOutcome, worker: string): void;
  /** A result was not used, which is its sender's fault. */
  resultRefused(code: RefusalCode): void;
  /** A lease came back whole: milliseconds from grant to result, and those of them spent computing. */
  leaseTime(worker: string, totalMs: number, computeMs: number): void;
  /** A result was computed with another replica than ours. */
  mismatch(worker: string): void;
  readonly bytes: (direction: 'in' | 'out', message: string, bytes: number) => void;
  /** @param worker whose value is used. */
  audit(ending: AuditEnding, worker: string): void;
  /** A sentence that a user should see. */
  notice(sentence: string): void;
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
  readonly role: CredentialRole;
  readonly backend: string;
  readonly device: string;
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

/** How a lease ended: as its first result that was not simply used, or without any. */
export type LeaseEnd = Verdict | 'expired' | 'dropped' | 'superseded';

/** One lease of a closed step, for tracing. */
export interface LeaseRecord {
  readonly lease: number;
  readonly worker: string;
  readonly first: number;
  readonly count: number;
  /** Whether it was to compare values. */
  readonly audit: boolean;
  /** Monotonic milliseconds. */
  readonly grantedAt: number;
  /** When its last result came; undefined if none did. */
  readonly answeredAt: number | undefined;
  readonly end: LeaseEnd;
}

/** When a lease was answered, for the account of its step's time. */
export interface AnswerTimes {
  /** When its last result came; monotonic milliseconds. */
  readonly at: number;
  /** As its worker says, over all results of it; a number from the wire. */
  readonly computeMs: number;
  /** How long results of the step had been added, and no lease been out, when that result came. */
  readonly addedMs: number;
  readonly idleMs: number;
}

/** One result of a step, for the ledger. */
export interface SubtreeRecord extends Subtree {
  readonly worker: string;
  readonly outcome: Verdict;
  /** Milliseconds from the lease's grant to the result. */
  readonly ms: number;
  readonly role: CredentialRole;
  /** The session that it came from, if that is a volunteer's: names come again, sessions do not. */
  readonly volunteer?: string;
}
