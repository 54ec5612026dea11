/**
 * What is held against workers: quarantine with exponential backoff, and parole.
 *
 *     good --offences reach the tolerance--> quarantined --term over--> on parole --good results--> good
 *                                                 ^---------offence on parole, term doubled---/
 *
 * Invariants: a worker is judged by name and address, so that dropping the connection clears nothing; a term is bounded;
 * what the coordinator itself or the model did wrong is never held against anybody.
 */

/** What a worker can do wrong. */
export type Offence = 'expired' | 'refused' | 'mismatch' | 'audit';

/** How many offences in a row bring a quarantine: missing one deadline happens to anybody, a wrong result does not. */
const TOLERANCE: Record<Offence, number> = { expired: 3, refused: 1, mismatch: 2, audit: 1 };

const FIRST_TERM_MS = 5_000;
const LONGEST_TERM_MS = 600_000;
/** Good results after which one quarantine is forgotten. */
const PAROLE_RESULTS = 10;
/** Entries kept; beyond it the oldest without a running quarantine are forgotten. */
const MOST = 4096;

export interface Quarantine {
  readonly reason: Offence;
  /** Monotonic milliseconds. */
  readonly until: number;
  readonly termMs: number;
}

interface Standing {
  streak: Partial<Record<Offence, number>>;
  quarantines: number;
  goodSince: number;
  quarantine: Quarantine | undefined;
}

export class Standings {
  readonly #now: () => number;
  readonly #standings = new Map<string, Standing>();

  /** @param now monotonic milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** @returns the quarantine, if this offence brought one. */
  offence(worker: string, offence: Offence): Quarantine | undefined {
    const standing = this.#of(worker);
    standing.goodSince = 0;
    const count = (standing.streak[offence] ?? 0) + 1;
    standing.streak[offence] = count;
    const onParole = standing.quarantines > 0 && standing.quarantine === undefined;
    if (count < TOLERANCE[offence] && !onParole) return undefined;
    const termMs = Math.min(LONGEST_TERM_MS, FIRST_TERM_MS * 2 ** standing.quarantines);
    standing.streak = {};
    standing.quarantines = Math.min(standing.quarantines + 1, 20);
    standing.quarantine = { reason: offence, until: this.#now() + termMs, termMs };
    return standing.quarantine;
  }

  /** A result was used. */
  good(worker: string): void {
    const standing = this.#standings.get(worker);
    if (!standing) return;
    standing.streak = {};
    standing.goodSince += 1;
    if (standing.goodSince < PAROLE_RESULTS) return;
    standing.goodSince = 0;
    standing.quarantines -= 1;
    if (standing.quarantines <= 0) this.#standings.delete(worker);
  }

  /** The quarantine a worker is in, if any. */
  quarantineOf(worker: string): Quarantine | undefined {
    // Asked for every worker again and again, and mostly there is nothing against anybody.
    if (this.#standings.size === 0) return undefined;
    const standing = this.#standings.get(worker);
    if (standing?.quarantine && standing.quarantine.until <= this.#now()) standing.quarantine = undefined;
    return standing?.quarantine;
  }

  /** The coordinator stood still: terms that run by its clock are not shortened by that. */
  postpone(byMs: number): void {
    for (const standing of this.#standings.values()) {
      const { quarantine } = standing;
      if (quarantine) standing.quarantine = { ...quarantine, until: quarantine.until + byMs };
    }
  }

  #of(worker: string): Standing {
    let standing = this.#standings.get(worker);
    if (!standing) {
      this.#makeRoom();
      standing = { streak: {}, quarantines: 0, goodSince: 0, quarantine: undefined };
      this.#standings.set(worker, standing);
    }
    return standing;
  }

  #makeRoom(): void {
    if (this.#standings.size < MOST) return;
    for (const worker of this.#standings.keys()) {
      if (this.quarantineOf(worker) === undefined) {
        this.#standings.delete(worker);
        return;
      }
    }
  }
}
