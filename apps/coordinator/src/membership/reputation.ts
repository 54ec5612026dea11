/**
 * Strikes against workers, and what follows: quarantine with exponential backoff, parole, probation, and pauses for wrong replicas.
 *
 *     good --offences reach the tolerance--> quarantined --term over--> on parole --good results--> good
 *                                                 ^---------offence on parole, term doubled---/
 *
 * Reputation belongs to a session, which outlives its connection, and to the credential of one holder, which its later sessions
 * inherit it from. What sessions share with strangers, a token or an address, only makes newcomers prove themselves for
 * longer. Workers that the command started itself and trusted ones share neither, and are newcomers nowhere. Only an audit
 * proves anything: without audits a newcomer stays one, and nothing follows from it.
 *
 * Invariants: neither dropping the connection nor a new name clears the strikes of a session or a
 * credential; nothing that others do changes the reputation of an established session; terms, pauses and memory are bounded;
 * what the coordinator itself or the model did wrong is a strike against nobody.
 */

/** What a worker can do wrong. */
export type Offence = 'expired' | 'refused' | 'mismatch' | 'audit';

/** How many offences in a row bring a quarantine: missing one deadline happens to anybody, a wrong result does not. */
const TOLERANCE: Record<Offence, number> = { expired: 3, refused: 1, mismatch: 2, audit: 1 };

const FIRST_TERM_MS = 5_000;
const LONGEST_TERM_MS = 600_000;
/** Good results after which one quarantine is forgotten. */
const PAROLE_RESULTS = 10;
/** Clean audits of which a newcomer's probation is made. */
const PROBATION_AUDITS = 10;
/** Offences of strangers double a newcomer's probation up to so many times; one is forgotten in so long. */
const MOST_DOUBLINGS = 6;
const FORGET_MS = 600_000;
/** Wrong replicas in a row beyond so many cost this pause before the next snapshot; each later one doubles it. */
const FREE_MISSES = 3;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 600_000;
/** Entries kept; beyond it the oldest that count least are forgotten. */
const MOST = 4096;

export interface Quarantine {
  readonly reason: Offence;
  /** Monotonic milliseconds. */
  readonly until: number;
  readonly termMs: number;
}

/** Where a session comes from. */
export interface Origin {
  /** The credential, if it is its holder's own. */
  readonly own?: string;
  /** What it shares with strangers: a token, an address. Empty for workers of the same command; volunteers share no worker's. */
  readonly shared: readonly string[];
}

interface Reputation {
  readonly origin: Origin;
  streak: Partial<Record<Offence, number>>;
  quarantines: number;
  goodSince: number;
  quarantine: Quarantine | undefined;
  /** Clean audits until it is established. */
  probation: number;
  /** Wrong replicas in a row. */
  misses: number;
}

const NOWHERE: Origin = { shared: [] };

export class Reputations {
  readonly #now: () => number;
  /** By session, and by credential under the name {@link ownKey} gives it. */
  readonly #reputations = new Map<string, Reputation>();
  /** Offences by newcomers, by what they share. */
  readonly #strangers = new Map<string, { count: number; at: number }>();
  /** Sessions, and credentials of one holder, that are not wanted again. */
  readonly #ended = new Set<string>();

  /** @param now monotonic milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** How many sessions, credentials, tokens and addresses something is kept of. */
  get size(): number {
    return this.#reputations.size + this.#strangers.size;
  }

  /** A session begins, or its worker is back. */
  introduce(worker: string, origin: Origin): void {
    if (this.#reputations.has(worker)) return;
    const reputation = this.#of(worker, origin);
    const former = origin.own === undefined ? undefined : this.#reputations.get(ownKey(origin.own));
    if (former) {
      const { quarantines, quarantine, misses } = former;
      Object.assign(reputation, { quarantines, quarantine, misses });
    }
    const offences = Math.max(0, ...origin.shared.map((key) => this.#offencesAt(key)));
    reputation.probation = origin.shared.length === 0 ? 0 : PROBATION_AUDITS * 2 ** Math.min(offences, MOST_DOUBLINGS);
  }

  /** @returns the quarantine, if this offence brought one. */
  offence(worker: string, offence: Offence): Quarantine | undefined {
    const reputation = this.#of(worker);
    // Missing a deadline happens to anybody.
    if (offence !== 'expired') this.#remember(reputation);
    const { own } = reputation.origin;
    if (own !== undefined) this.#offend(this.#of(ownKey(own)), offence);
    return this.#offend(reputation, offence);
  }

  #offend(reputation: Reputation, offence: Offence): Quarantine | undefined {
    reputation.goodSince = 0;
    const count = (reputation.streak[offence] ?? 0) + 1;
    reputation.streak[offence] = count;
    const onParole = reputation.quarantines > 0 && this.#current(reputation) === undefined;
    if (count < TOLERANCE[offence] && !onParole) return undefined;
    const termMs = Math.min(LONGEST_TERM_MS, FIRST_TERM_MS * 2 ** reputation.quarantines);
    reputation.streak = {};
    reputation.quarantines = Math.min(reputation.quarantines + 1, 20);
    reputation.quarantine = { reason: offence, until: this.#now() + termMs, termMs };
    return reputation.quarantine;
  }

  /** A volunteer was found wrong: neither its session nor, if that is its own, its credential is let in again. */
  end(worker: string): void {
    const own = this.#reputations.get(worker)?.origin.own;
    for (const key of own === undefined ? [worker] : [worker, ownKey(own)]) this.#ended.add(key);
    for (const oldest of this.#ended) {
      if (this.#ended.size <= MOST) return;
      this.#ended.delete(oldest);
    }
  }

  /** Whether a session, or one of this origin, is not wanted again. */
  hasEnded(worker: string | undefined, { own }: Origin): boolean {
    return (worker !== undefined && this.#ended.has(worker)) || (own !== undefined && this.#ended.has(ownKey(own)));
  }

  /** A result was used. */
  good(worker: string): void {
    const reputation = this.#reputations.get(worker);
    if (!reputation) return;
    const { own } = reputation.origin;
    this.#improve(reputation);
    const credential = own === undefined ? undefined : this.#reputations.get(ownKey(own));
    if (credential) this.#improve(credential);
  }

  /** An audit found its result right. */
  proved(worker: string): void {
    const reputation = this.#reputations.get(worker);
    if (reputation) reputation.probation = Math.max(0, reputation.probation - 1);
    this.good(worker);
  }

  #improve(reputation: Reputation): void {
    reputation.streak = {};
    reputation.goodSince += 1;
    if (reputation.goodSince < PAROLE_RESULTS) return;
    reputation.goodSince = 0;
    reputation.misses = 0;
    reputation.quarantines = Math.max(0, reputation.quarantines - 1);
  }

  /** Whether a worker has yet to prove itself, so that more of its results are audited. */
  isOnProbation(worker: string): boolean {
    return (this.#reputations.get(worker)?.probation ?? 0) > 0;
  }

  /** Its replica was wrong or lost its place. @returns milliseconds until it may have another snapshot. */
  missed(worker: string): number {
    const reputation = this.#of(worker);
    const { own } = reputation.origin;
    reputation.misses += 1;
    if (own !== undefined) this.#of(ownKey(own)).misses += 1;
    return pauseOf(reputation.misses);
  }

  /** Milliseconds until a worker that joins may have its first snapshot. */
  pauseOf(worker: string): number {
    return pauseOf(this.#reputations.get(worker)?.misses ?? 0);
  }

  /** The quarantine a worker is in, if any. */
  quarantineOf(worker: string): Quarantine | undefined {
    const reputation = this.#reputations.get(worker);
    return reputation && this.#current(reputation);
  }

  #current(reputation: Reputation): Quarantine | undefined {
    if (reputation.quarantine && reputation.quarantine.until <= this.#now()) reputation.quarantine = undefined;
    return reputation.quarantine;
  }

  /** The coordinator stood still: terms that run by its clock are not shortened by that. */
  postpone(byMs: number): void {
    for (const reputation of this.#reputations.values()) {
      const { quarantine } = reputation;
      if (quarantine) reputation.quarantine = { ...quarantine, until: quarantine.until + byMs };
    }
  }

  #of(worker: string, origin: Origin = NOWHERE): Reputation {
    let reputation = this.#reputations.get(worker);
    if (!reputation) {
      this.#makeRoom();
      reputation = { origin, streak: {}, quarantines: 0, goodSince: 0, quarantine: undefined, probation: 0, misses: 0 };
      this.#reputations.set(worker, reputation);
    }
    return reputation;
  }

  /** What a newcomer did is remembered of what it shares with others that may come. */
  #remember({ probation, origin }: Reputation): void {
    if (probation === 0) return;
    for (const key of origin.shared) {
      const count = this.#offencesAt(key) + 1;
      this.#strangers.delete(key);
      this.#strangers.set(key, { count, at: this.#now() });
    }
    for (const key of this.#strangers.keys()) if (this.#strangers.size > MOST) this.#strangers.delete(key);
  }

  #offencesAt(key: string): number {
    const known = this.#strangers.get(key);
    return known ? Math.max(0, known.count - Math.floor((this.#now() - known.at) / FORGET_MS)) : 0;
  }

  /** Newcomers without a strike are forgotten first, quarantines last. */
  #makeRoom(): void {
    if (this.#reputations.size < MOST) return;
    const entries = [...this.#reputations];
    const [[least]] = [
      ...entries.filter(([, { quarantines, misses, probation }]) => quarantines + misses === 0 && probation > 0),
      ...entries.filter(([, reputation]) => this.#current(reputation) === undefined),
      ...entries,
    ];
    this.#reputations.delete(least);
  }
}

function ownKey(credential: string): string {
  return `credential:${credential}`;
}

function pauseOf(misses: number): number {
  const counted = misses - FREE_MISSES;
  return counted <= 0 ? 0 : Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (counted - 1));
}
