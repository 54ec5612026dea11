/** Pings: every worker at a pace, so that a half-open link is found, and at once whoever is in doubt. */
import type { Peer } from './peer.ts';
import type { Roster } from './roster.ts';

const PING_MS = 5_000;

export interface HeartbeatOptions {
  readonly roster: Roster;
  readonly incarnation: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Deals with a peer at its own risk. */
  readonly guard: (peer: Peer, handle: () => void) => void;
}

export class Heartbeat {
  readonly #options: HeartbeatOptions;
  #next = 1;
  #last: number;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#last = options.now();
  }

  tick(): void {
    const { roster, incarnation, now, guard } = this.#options;
    const due = now() - this.#last >= PING_MS;
    if (due) this.#last = now();
    for (const peer of roster.all) {
      if (!peer.hello || !(due || peer.wantsPing)) continue;
      peer.wantsPing = false;
      guard(peer, () => void peer.send({ type: 'ping', incarnation, id: this.#next++ }));
    }
  }
}
