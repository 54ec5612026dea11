/**
 * How a connection ends: refused with a code, sent home at the end of the run, or gone.
 *
 * Invariants: a worker hears why before its connection is closed; its leaves are free at once; whatever goes wrong while a
 * peer is dealt with costs that peer its connection, and nobody else anything.
 */
import { refusal, REFUSALS, sentenceOf } from '@gradcast/protocol';
import type { RefusalCode } from '@gradcast/protocol';
import type { Departure, FleetEvents } from '../events.ts';
import type { ShutdownDrain } from './drain.ts';
import type { Work } from './members.ts';
import type { Peer } from './peer.ts';
import type { Roster } from './roster.ts';
import type { Sessions } from './sessions.ts';
import { isVolunteer } from './volunteer.ts';

export interface ClosingOptions {
  readonly roster: Roster;
  readonly sessions: Sessions;
  readonly shutdown: ShutdownDrain;
  readonly incarnation: number;
  readonly events: Pick<FleetEvents, 'failed' | 'refused' | 'left' | 'forgotten'>;
  /** Whoever is told that what a worker was asked for is free. */
  readonly work: () => Pick<Work, 'free' | 'forget' | 'assign'>;
}

const LOST: Departure = { why: 'lost', reason: 'the connection ended' };

export class Closing {
  readonly #options: ClosingOptions;

  constructor(options: ClosingOptions) {
    this.#options = options;
  }

  /** Deals with a peer at its own risk. @returns undefined if it lost its connection over it. */
  guard<T>(peer: Peer, handle: () => T): T | undefined {
    try {
      return handle();
    } catch (error) {
      this.#options.events.failed(peer.name || peer.address, error);
      try {
        this.refuse(peer, 'message-failed', 'the coordinator could not deal with this worker');
      } catch {
        // What failed once may fail again; the connection ends all the same.
        peer.terminate();
      }
      return undefined;
    }
  }

  /** Ends a connection, saying why; its leaves are free at once. */
  refuse(peer: Peer, code: RefusalCode, sentence: string): void {
    if (peer.state === 'closed') return;
    this.#options.events.refused(peer.name || peer.address, code, sentence);
    // A volunteer that was found wrong is not wanted again.
    const isFinal = code === 'audit-lost' && isVolunteer(peer);
    const retry = isFinal ? 'never' : REFUSALS[code];
    if (isFinal) peer.isForgotten = true;
    void peer.send(refusal(code, sentence, retry));
    if (retry === 'later') this.#lost(peer);
    peer.close(1008, code);
    // A peer that does not answer would not answer the close either.
    if (code === 'silent' || code === 'too-slow') peer.terminate();
    this.#free(peer);
  }

  /** Tells a worker that the run is over; it closes the connection itself. */
  sayDone(peer: Peer, reason: string): void {
    peer.departure ??= { why: 'dismissed', reason };
    void peer.send({ type: 'done', incarnation: this.#options.incarnation, reason: sentenceOf(reason) });
  }

  /** A connection has ended, whoever ended it. */
  gone(peer: Peer): void {
    const { roster, sessions, shutdown, events, work } = this.#options;
    const wasOpen = peer.state !== 'closed';
    peer.state = 'closed';
    const wasThere = roster.remove(peer);
    shutdown.check(roster.awaited);
    if (!wasThere || !peer.hello) return;
    if (!peer.isForgotten) sessions.left(peer);
    if (wasOpen) {
      const departure = peer.departure ?? LOST;
      events.left(peer.name, departure);
      if (departure.why === 'lost') this.#lost(peer);
    }
    if (roster.named(peer.name)) return;
    events.forgotten(peer.name);
    work().forget(peer.name);
    this.#free(peer);
  }

  #free({ name }: Peer): void {
    const work = this.#options.work();
    work.free(name);
    work.assign();
  }

  /** It may come back; our own arbiter does not, and for a volunteer the end of a run does not wait. */
  #lost(peer: Peer): void {
    const { name, hello, isArbiter } = peer;
    if (hello && !isArbiter && !isVolunteer(peer)) this.#options.shutdown.lost(name);
  }
}
