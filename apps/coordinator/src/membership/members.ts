/**
 * Where membership and leasing meet: each knows the other by one interface of this file and by nothing else.
 *
 *     membership --{@link Work}----> leasing      who came, went, may be asked, and what they sent
 *     leasing    --{@link Members}-> membership   who can be asked, leases to send, what follows from a result
 */
import type { MessageOf } from '@gradcast/protocol';
import type { Peer } from './peer.ts';
import type { Reputations } from './reputation.ts';

/** A worker that introduced itself, without its connection. */
export type Member = Pick<
  Peer,
  | 'name'
  | 'identity'
  | 'isProven'
  | 'profile'
  | 'credential'
  | 'hello'
  | 'isArbiter'
  | 'isAt'
  | 'contributed'
  | 'hasContributed'
  | 'state'
>;

/** What leasing asks of the members of a run. */
export interface Members {
  named(name: string): Member | undefined;
  /** Who can be given leases of a version, those in quarantine only if too few would be left. */
  eligible(version: number): readonly Member[];
  /** Everybody who introduced themselves, whatever they are doing; our own arbiters left out. */
  readonly introduced: readonly Member[];
  readonly reputations: Reputations;
  /** Sends a lease, if its worker is still here. */
  lease(worker: string, message: MessageOf<'lease'>, frame: Uint8Array): void;
  /** A worker let a deadline pass: until anything is heard from it, it is asked for nothing but a ping. */
  doubt(worker: string): void;
  /** Its replica is not ours: it takes a new snapshot. */
  resync(member: Member): void;
  /** Ends its connection, saying why. */
  refuse(member: Member, code: 'silent' | 'result-numeric' | 'audit-lost', sentence: string): void;
}

/** What membership tells whoever gives members their work. */
export interface Work {
  /** A worker is ready. @param leafMs what it says that a leaf takes it. */
  introduce(worker: string, leafMs: number): void;
  /** A worker is gone or starts anew: what it was asked for is free at once. */
  free(worker: string): void;
  /** A worker is leaving: it finishes what it has, but nothing of the next step. */
  freeAhead(worker: string): void;
  /** Nobody has this name any more. */
  forget(worker: string): void;
  /** Somebody may be asked who could not be before, or work became free. */
  assign(): void;
  /** @throws ProtocolError `payload-length` or `message-invalid`. The payload is the callee's. */
  result(member: Member, message: MessageOf<'result'>, payload: Uint8Array): void;
  /** Whether a worker computes something of the open step. */
  isBusy(worker: string): boolean;
}
