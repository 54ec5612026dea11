/** Who may be asked for something: workers in place, heard from, and not in quarantine unless too few would be left. */
import type { Peer } from './peer.ts';
import type { Roster } from './roster.ts';
import type { Reputations } from './reputation.ts';
import { isVolunteer, withoutVolunteers } from './volunteer.ts';

export interface EligibleOptions {
  readonly roster: Roster;
  readonly reputations: Reputations;
  /** Those in quarantine fill up to so many, the shortest term first; volunteers neither count nor fill up. */
  readonly minWorkers: number;
}

export class Eligible {
  readonly #options: EligibleOptions;

  constructor(options: EligibleOptions) {
    this.#options = options;
  }

  /** Workers that may be given leases of a version. */
  at(version: number): Peer[] {
    const { roster, reputations, minWorkers } = this.#options;
    const present = roster.all.filter((peer) => peer.isAt(version) && !peer.isQuiet && !peer.isArbiter);
    const free = present.filter((peer) => !reputations.quarantineOf(peer.identity));
    const missing = Math.max(1, minWorkers) - withoutVolunteers(free);
    if (missing <= 0) return free;
    const held = present.filter((peer) => !free.includes(peer) && !isVolunteer(peer));
    return [...free, ...held.sort((a, b) => this.#termOf(a) - this.#termOf(b)).slice(0, missing)];
  }

  #termOf(peer: Peer): number {
    return this.#options.reputations.quarantineOf(peer.identity)?.until ?? 0;
  }
}
