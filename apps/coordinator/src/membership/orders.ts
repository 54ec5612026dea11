/**
 * What an operator wants, as workers are told: whether the run is paused, and which of them are to go.
 *
 * Invariant: it reaches whoever it concerns, also those who join, or come back, after it was said.
 */
import type { MessageOf } from '@gradcast/protocol';
import type { Departure, FleetEvents } from '../events.ts';
import type { Peer } from './peer.ts';
import type { Roster } from './roster.ts';

export interface OrdersOptions {
  readonly roster: Roster;
  readonly incarnation: number;
  readonly events: Pick<FleetEvents, 'happened'>;
  /** Deals with a peer at its own risk. */
  readonly guard: (peer: Peer, handle: () => void) => void;
  /** The peer is asked for nothing more, and finishes what it has. */
  readonly leaves: (peer: Peer) => void;
}

const DRAINED: Departure = { why: 'drained', reason: 'drained by the operator' };

export class Orders {
  readonly #options: OrdersOptions;
  /** Sessions that are drained and have not said that they leave: at most one for each command. */
  readonly #drained = new Set<string>();
  /** What joiners are told of the run, besides its terms. */
  #announced: MessageOf<'state'>['state'] | undefined;

  constructor(options: OrdersOptions) {
    this.#options = options;
  }

  /** Tells every worker what is done with the run, and later joiners, too, unless it goes on. */
  announce(state: MessageOf<'state'>['state']): void {
    const { roster, guard } = this.#options;
    this.#announced = state === 'running' ? undefined : state;
    for (const peer of roster.all) if (peer.hello && !peer.isArbiter) guard(peer, () => this.#sendState(peer, state));
  }

  /**
   * Asks a worker to finish what it has and go; it is asked for nothing more. If its connection breaks before it has heard that,
   * it hears it when it comes back.
   *
   * @param by who asks for it.
   * @returns `leaving` if it was about to go already.
   */
  drain(worker: string, by: string): 'asked' | 'leaving' | 'unknown' {
    const { roster, guard, events } = this.#options;
    const peer = roster.named(worker);
    if (!peer || peer.isArbiter || peer.state === 'closed') return 'unknown';
    if (peer.state === 'leaving' || peer.departure) return 'leaving';
    this.#drained.add(peer.identity);
    events.happened({ type: 'drain-asked', worker, by });
    guard(peer, () => this.#sendDrain(peer));
    return 'asked';
  }

  /** A worker was welcomed: it hears what was said before. */
  welcomed(peer: Peer): void {
    if (peer.isArbiter) return;
    if (this.#announced !== undefined) this.#sendState(peer, this.#announced);
    if (this.#drained.has(peer.identity)) this.#sendDrain(peer);
  }

  /** A worker says that it leaves. @returns why, in its words if it was not asked to. */
  left({ identity }: Peer, reason: string): Departure {
    return this.#drained.delete(identity) ? DRAINED : { why: 'left', reason };
  }

  #sendState(peer: Peer, state: MessageOf<'state'>['state']): void {
    void peer.send({ type: 'state', incarnation: this.#options.incarnation, state });
  }

  #sendDrain(peer: Peer): void {
    void peer.send({ type: 'drain', incarnation: this.#options.incarnation, reason: DRAINED.reason });
    this.#options.leaves(peer);
  }
}
