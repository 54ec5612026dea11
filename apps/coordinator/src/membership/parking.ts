/**
 * Who is parked: workers that cannot keep up with the others.
 *
 * Every replica must take an average a step. Where that is more than a worker's link or device takes, it falls behind, and
 * each snapshot that brings it back is worth several averages, so it would be given snapshots without end and never
 * contribute. It is parked instead: it gets nothing and is told the rate it needs.
 *
 * Invariants: nobody is parked unless enough others are in step, so a slow worker that is alone contributes at its own
 * pace; a parked one gets no snapshot until the others are gone, the pace of the run has come down to what it takes, or a
 * pause is over that doubles each time, since links get better, too.
 */
import type { FleetEvents } from '../events.ts';
import type { Peer } from './peer.ts';
import type { Roster } from './roster.ts';
import { withoutVolunteers } from './volunteer.ts';

export interface ParkingOptions {
  readonly roster: Roster;
  /** Fewer workers than this compute nothing. */
  readonly minWorkers: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly incarnation: number;
  readonly events: Pick<FleetEvents, 'happened'>;
  /** What a worker was asked for is free for others. */
  readonly released: (peer: Peer) => void;
  /** A worker gets a snapshot and starts anew. */
  readonly rejoin: (peer: Peer) => void;
}

/** Broadcasts from whose distances the pace of the run is told. */
const WINDOW = 9;
/** A worker that contributed may fall behind once for a moment's trouble, and a few times if it seemed fast enough. */
const LAPSES = 2;
const MOST_LAPSES = 4;
const FIRST_PAUSE_MS = 300_000;
const LONGEST_PAUSE_MS = 4 * 3_600_000;
/** For so long nobody may be in step before the parked ones are called. */
const ALONE_MS = 5_000;
/** What the run needs must have come down well below what a worker takes. */
const EASE = 0.8;

export class Parking {
  readonly #options: ParkingOptions;
  readonly #intervals: number[] = [];
  #bytes = 0;
  #lastAt: number | undefined;
  #aloneSince: number | undefined;
  readonly #until = new WeakMap<Peer, { at: number; pauseMs: number }>();

  constructor(options: ParkingOptions) {
    this.#options = options;
  }

  /** An average of so many bytes went out. */
  broadcast(bytes: number): void {
    const now = this.#options.now();
    if (this.#lastAt !== undefined) this.#intervals.push(now - this.#lastAt);
    if (this.#intervals.length > WINDOW) this.#intervals.shift();
    this.#lastAt = now;
    this.#bytes = bytes;
  }

  /** Bytes a second that a replica must take to stay in step; 0 while that is not known. */
  get needs(): number {
    if (this.#intervals.length < 3) return 0;
    const median = [...this.#intervals].sort((a, b) => a - b)[this.#intervals.length >> 1];
    return median > 0 ? (this.#bytes * 1000) / median : 0;
  }

  /** A worker that had fallen behind has caught up. @returns whether it is parked now, and gets no snapshot. */
  park(peer: Peer): boolean {
    const { needs } = this;
    const { takesBytesPerSecond: takes, lapses, hasContributed } = peer;
    const tooSlow = takes < needs && (lapses >= LAPSES || !hasContributed);
    if (!(tooSlow || lapses >= MOST_LAPSES) || !this.#canSpare(peer)) return false;
    const { now, released } = this.#options;
    const former = this.#until.get(peer)?.pauseMs;
    const pauseMs = former === undefined ? FIRST_PAUSE_MS : Math.min(LONGEST_PAUSE_MS, 2 * former);
    this.#until.set(peer, { at: now() + pauseMs, pauseMs });
    peer.state = 'parked';
    this.#tell(peer, takes, needs);
    released(peer);
    return true;
  }

  #tell(peer: Peer, takes: number, needs: number): void {
    const { events, incarnation } = this.#options;
    const [bytesPerSecond, neededBytesPerSecond] = [takes, needs].map((rate) => Math.round(Math.min(rate, 1e12)));
    events.happened({ type: 'parked', worker: peer.name, bytesPerSecond, neededBytesPerSecond });
    void peer.send({ type: 'parked', incarnation, bytesPerSecond, neededBytesPerSecond });
  }

  /** Calls those back that are wanted, or may be fast enough now. */
  tick(): void {
    const { roster, now, rejoin } = this.#options;
    const parked = roster.all.filter(({ state }) => state === 'parked');
    if (parked.length === 0) return void (this.#aloneSince = undefined);
    if (this.#canSpare(undefined)) this.#aloneSince = undefined;
    else this.#aloneSince ??= now();
    const wanted = this.#aloneSince !== undefined && now() - this.#aloneSince >= ALONE_MS;
    if (wanted) this.#aloneSince = undefined;
    const { needs } = this;
    for (const peer of parked) {
      const isFastEnough = needs > 0 && needs < EASE * peer.takesBytesPerSecond && peer.lapses < MOST_LAPSES;
      const isOver = now() >= (this.#until.get(peer)?.at ?? 0);
      if (wanted || isFastEnough || isOver) rejoin(peer);
    }
  }

  /** This process stood still for so long. */
  postpone(byMs: number): void {
    if (this.#lastAt !== undefined) this.#lastAt += byMs;
    if (this.#aloneSince !== undefined) this.#aloneSince += byMs;
    for (const peer of this.#options.roster.all) {
      const until = this.#until.get(peer);
      if (until) until.at += byMs;
    }
  }

  /** Whether enough workers besides one are in step for the run to go on. */
  #canSpare(peer: Peer | undefined): boolean {
    const { roster, minWorkers } = this.#options;
    const others = roster.all.filter((other) => other !== peer && !other.isArbiter && other.isInStep);
    return withoutVolunteers(others) >= Math.max(1, minWorkers);
  }
}
