/**
 * What volunteers have earned: which of their results are computed again, and which were used unchecked since the last that
 * was found right.
 *
 *     all are checked --64 leaves were right--> max(RATE, 64 / right leaves) are --a wrong byte--> over
 *
 * Invariants: nothing is earned but by equal bytes; what was used unchecked can be named, all of it, since after so many uses
 * the next result is checked in any case; memory is bounded, and whoever is forgotten begins anew. It lasts as long as this
 * process: after a new start everybody does.
 */
import type { OwnLeaves } from '@gradcast/protocol';
import type { Subtree } from '@gradcast/schedule';
import type { LeafPicks } from './audit-picks.ts';

/** Leaves that must be found right before any is taken unchecked. */
export const PROVING_LEAVES = 64;
/** Results of one volunteer that are used unchecked in a row. */
export const MOST_USES = 256;
/** Sessions that something is kept of. */
const MOST_SESSIONS = 4096;

/** Leaves of the step that follows a version. */
export interface Piece extends Subtree {
  readonly version: number;
}

interface Volunteer {
  used: number;
  checked: number;
  /** Used unchecked since the last check that is over, the oldest first. */
  uses: Piece[];
  /** How many uses there ever were. */
  seen: number;
  /** How many there had been when a result that waits for its check was sent. */
  readonly waiting: Map<string, number>;
}

export interface VolunteerTrustOptions {
  /** By the run's secret. */
  readonly isPicked: LeafPicks;
  /** Share of a proven volunteer's leaves that is checked, 0 to 1. */
  readonly rate: number;
}

export class VolunteerTrust {
  readonly #options: VolunteerTrustOptions;
  /** By session, asked for the longest ago first. */
  readonly #volunteers = new Map<string, Volunteer>();

  constructor(options: VolunteerTrustOptions) {
    this.#options = options;
  }

  /** How many sessions something is kept of. */
  get size(): number {
    return this.#volunteers.size;
  }

  /** Whether a result is checked. A subtree is as likely to be picked as a leaf, so that cutting leases finely gains nothing. */
  isChecked(session: string, { version, start }: Piece): boolean {
    const { checked, uses } = this.#of(session);
    if (checked < PROVING_LEAVES || uses.length >= MOST_USES) return true;
    const { isPicked, rate } = this.#options;
    return isPicked(version, start, Math.max(rate, PROVING_LEAVES / checked));
  }

  /** A result waits for its check. */
  held(session: string, piece: Piece): void {
    const { waiting, seen } = this.#of(session);
    waiting.set(keyOf(piece), seen);
  }

  /** A result is used unchecked. */
  used(session: string, piece: Piece): void {
    const volunteer = this.#of(session);
    volunteer.uses.push(piece);
    volunteer.seen += 1;
    volunteer.used += piece.size;
  }

  /** Its check found a result right. @param isAlike whether byte by byte; else nothing is earned, nor was its value used. */
  right(session: string, piece: Piece, isAlike: boolean): void {
    const volunteer = this.#of(session);
    const seenBefore = this.#over(volunteer, piece);
    if (!isAlike) return;
    volunteer.checked += piece.size;
    volunteer.used += piece.size;
    // What was used since this result was sent is as unchecked as before.
    const later = volunteer.seen - seenBefore;
    volunteer.uses = later === 0 ? [] : volunteer.uses.slice(-later);
  }

  /** Its check found a result wrong. @returns what was used of this volunteer since the last that was found right. */
  wrong(session: string): readonly Piece[] {
    const uses = this.#volunteers.get(session)?.uses ?? [];
    this.#volunteers.delete(session);
    return uses;
  }

  leavesOf(session: string): OwnLeaves {
    const { used, checked } = this.#volunteers.get(session) ?? { used: 0, checked: 0 };
    return { leavesUsed: used, leavesChecked: checked };
  }

  /** @returns how many uses there had been when the result was sent. */
  #over({ waiting, seen }: Volunteer, piece: Piece): number {
    const key = keyOf(piece);
    const before = waiting.get(key);
    waiting.delete(key);
    return before ?? seen;
  }

  #of(session: string): Volunteer {
    const volunteer = this.#volunteers.get(session) ?? { used: 0, checked: 0, uses: [], seen: 0, waiting: new Map() };
    this.#volunteers.delete(session);
    this.#volunteers.set(session, volunteer);
    for (const oldest of this.#volunteers.keys()) {
      if (this.#volunteers.size <= MOST_SESSIONS) break;
      this.#volunteers.delete(oldest);
    }
    return volunteer;
  }
}

function keyOf({ version, start, size }: Piece): string {
  return `${version}:${start}/${size}`;
}
