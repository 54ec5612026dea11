/**
 * What follows for whoever sent a result that was judged: a strike, quarantine, refusal.
 *
 * Invariants: only a sound result, or the arbiter's value, puts the blame on somebody; who has hung up since is blamed all
 * the same; who was found right has proved itself.
 */
import type { Party, Ruling } from './audit.ts';
import type { FleetEvents } from '../events.ts';
import type { Peer } from '../membership/peer.ts';
import type { Roster } from '../membership/roster.ts';
import { Reputations } from '../membership/reputation.ts';
import type { Offence } from '../membership/reputation.ts';

export interface BlameOptions {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly events: Pick<FleetEvents, 'audit' | 'lease' | 'quarantined'>;
  readonly roster: Pick<Roster, 'named'>;
  readonly refuse: (peer: Peer, code: 'result-numeric' | 'audit-lost', sentence: string) => void;
}

export class Blame {
  readonly #options: BlameOptions;
  /** Strikes and quarantines of workers. */
  readonly reputations: Reputations;

  constructor(options: BlameOptions) {
    this.#options = options;
    this.reputations = new Reputations(options.now);
  }

  /** An audit ended. */
  ruled({ kind, wrong, right, used }: Ruling): void {
    this.#options.events.audit(kind, used.worker);
    if (!used.isArbiter) this.#options.events.lease('accepted', used.worker);
    for (const { identity } of right) this.reputations.proved(identity);
    for (const party of wrong) {
      const { worker, identity } = party;
      this.offend(party, 'audit');
      const peer = this.#options.roster.named(worker);
      if (peer?.identity !== identity) continue;
      this.#options.refuse(peer, 'audit-lost', 'its result differed from what the arbiter computed');
    }
  }

  /** Another worker computed other bits: the result that was held back was this worker's fault. */
  refuted(party: Party): void {
    const { worker, identity } = party;
    this.offend(party, 'refused');
    const peer = this.#options.roster.named(worker);
    if (peer?.identity !== identity) return;
    const sentence = 'its result was not finite or too large, and another worker found other bits';
    this.#options.refuse(peer, 'result-numeric', sentence);
  }

  offend({ worker, identity }: Pick<Party, 'worker' | 'identity'>, offence: Offence): void {
    const quarantine = this.reputations.offence(identity, offence);
    if (quarantine) this.#options.events.quarantined(worker, offence, quarantine.termMs);
  }
}
