/**
 * What follows for whoever sent a result that was judged: a strike, quarantine, refusal.
 *
 * Invariants: only a sound result, or the arbiter's value, puts the blame on somebody; who has hung up since is blamed all
 * the same; who was found right has proved itself.
 */
import type { Party, Ruling } from './audit.ts';
import type { FleetEvents } from '../events.ts';
import type { Members } from '../membership/members.ts';
import type { Offence } from '../membership/reputation.ts';

export interface BlameOptions {
  readonly events: Pick<FleetEvents, 'audit' | 'happened' | 'lease' | 'resultRefused'>;
  readonly members: Pick<Members, 'named' | 'refuse' | 'reputations'>;
}

export class Blame {
  readonly #options: BlameOptions;

  constructor(options: BlameOptions) {
    this.#options = options;
  }

  /** An audit ended. */
  ruled({ kind, wrong, right, used }: Ruling): void {
    this.#options.events.audit(kind, used.worker);
    if (!used.isArbiter) this.#options.events.lease('accepted', used.worker);
    for (const { identity } of right) this.#options.members.reputations.proved(identity);
    for (const party of wrong) {
      const { worker, identity } = party;
      this.offend(party, 'audit');
      this.#options.events.resultRefused('audit-lost');
      const member = this.#options.members.named(worker);
      if (member?.identity !== identity) continue;
      this.#options.members.refuse(member, 'audit-lost', 'its result differed from what the arbiter computed');
    }
  }

  /** Another worker computed other bits: the result that was held back was this worker's fault. */
  refuted(party: Party): void {
    const { worker, identity } = party;
    this.offend(party, 'refused');
    this.#options.events.resultRefused('result-numeric');
    const member = this.#options.members.named(worker);
    if (member?.identity !== identity) return;
    const sentence = 'its result was not finite or too large, and another worker found other bits';
    this.#options.members.refuse(member, 'result-numeric', sentence);
  }

  offend({ worker, identity }: Pick<Party, 'worker' | 'identity'>, offence: Offence): void {
    const quarantine = this.#options.members.reputations.offence(identity, offence);
    if (!quarantine) return;
    this.#options.events.happened({ type: 'quarantined', worker, reason: offence, termMs: quarantine.termMs });
  }
}
