/**
 * The committed state as joiners get it: made once a version, the same bytes for everybody who joins at it.
 *
 * Invariants: a snapshot goes to a peer that has room for it and whose pause is over; who has to wait gets a later one;
 * between any two turns of the event loop a bounded number of bytes is handed to the system, for its copying them takes time
 * in which nobody else is heard.
 */
import { encodeFrame, frameLimit, leaseBytes, snapshotBytes } from '@gradcast/protocol';
import type { MessageOf, PayloadShape } from '@gradcast/protocol';
import type { Budgets } from './budgets.ts';
import type { CommittedState } from './committed-state.ts';
import type { RunTerms } from './run-terms.ts';
import { AVERAGE_LIMIT } from './peer.ts';
import type { Peer } from './peer.ts';
import type { Roster } from './roster.ts';

/** Bytes given in one turn of the event loop; of larger snapshots, one. */
const TURN_BYTES = 4 * 2 ** 20;

export interface SnapshotsOptions {
  readonly incarnation: number;
  readonly roster: Roster;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly budgets: Pick<Budgets, 'snapshot'>;
  /** Deals with a peer at its own risk. */
  readonly guard: (peer: Peer, handle: () => void) => void;
  /** A peer has its snapshot, as far as the system goes, and may be leased leaves. */
  readonly given: () => void;
  /** Does something in the event loop's next turn, once other connections were heard. */
  readonly nextTurn?: (task: () => void) => void;
}

export class Snapshots {
  readonly #options: SnapshotsOptions;
  #committed: CommittedState | undefined;
  #givenBytes = 0;
  #made: { message: MessageOf<'snapshot'>; frame: Uint8Array } | undefined;

  constructor(options: SnapshotsOptions) {
    this.#options = options;
  }

  /** A state was committed: all who wait get it. */
  publish(committed: CommittedState): void {
    this.#committed = committed;
    this.#made = undefined;
    this.tick();
  }

  /** The next state is being made: who waits, waits for it. */
  withdraw(): void {
    this.#committed = this.#made = undefined;
  }

  /** Gives a snapshot to those who wait for one and may have it. */
  tick(): void {
    if (!this.#committed) return;
    const { roster, guard } = this.#options;
    for (const peer of roster.all) if (peer.state === 'waiting') guard(peer, () => this.give(peer));
  }

  /** Gives a waiting peer the state, now or as soon as it may have it. */
  give(peer: Peer): void {
    const { now, budgets } = this.#options;
    if (!this.#committed || now() < peer.pausedUntil) return;
    const { message, frame } = (this.#made ??= this.#make(this.#committed));
    if (!peer.hasRoom(frame.byteLength) || !this.#isTurn(frame.byteLength)) return;
    const waitMs = budgets.snapshot(peer);
    if (waitMs > 0) {
      peer.pausedUntil = now() + waitMs;
      return;
    }
    this.#count(frame.byteLength);
    void peer.sendSnapshot(message, frame).then(this.#options.given);
  }

  /** Whether so many bytes may still go in this turn. */
  #isTurn(bytes: number): boolean {
    return this.#givenBytes === 0 || this.#givenBytes + bytes <= TURN_BYTES;
  }

  #count(bytes: number): void {
    const { nextTurn = setImmediate } = this.#options;
    if (this.#givenBytes === 0) {
      nextTurn(() => {
        this.#givenBytes = 0;
        this.tick();
      });
    }
    this.#givenBytes += bytes;
  }

  #make({ version, fingerprint, vectors }: CommittedState): { message: MessageOf<'snapshot'>; frame: Uint8Array } {
    const { incarnation } = this.#options;
    const message: MessageOf<'snapshot'> = { type: 'snapshot', incarnation, version, fingerprint };
    return { message, frame: encodeFrame(message, vectors) };
  }
}

/** Bytes of a snapshot, the averages after it and leases of a whole step and the next: nothing honest waits for more. */
export function mostWaiting({ payload, terms }: { readonly payload: PayloadShape; readonly terms: RunTerms }): number {
  const averages = AVERAGE_LIMIT * payload.parameters * Float32Array.BYTES_PER_ELEMENT;
  return frameLimit(snapshotBytes(payload) + averages + 2 * leaseBytes(payload, terms.microBatches));
}
