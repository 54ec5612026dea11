/**
 * What follows for whoever sent a result that was judged: a strike, quarantine, refusal.
 *
 * Invariants: only a sound result, or the arbiter's value, puts the blame on somebody; who has hung up since is blamed all
 * the same; who was found right has proved itself. For a volunteer one wrong byte is the end, and what was used of it since
 * it was last found right is named.
 */
import type { Party, Ruling } from './audit.ts';
import type { FleetEvents } from '../events.ts';
import type { Members } from '../membership/members.ts';
import type { Offence } from '../membership/reputation.ts';
import { isVolunteer } from '../membership/volunteer.ts';
import type { VolunteerTrust } from './volunteer-trust.ts';

export interface BlameOptions {
  readonly events: Pick<FleetEvents, 'audit' | 'happened' | 'lease' | 'resultRefused'>;
  readonly members: Pick<Members, 'named' | 'refuse' | 'reputations'>;
  readonly trust: Pick<VolunteerTrust, 'right' | 'wrong'>;
}

export class Blame {
  readonly #options: BlameOptions;

  constructor(options: BlameOptions) {
    this.#options = options;
  }

  /** An audit of the step that follows a version ended. */
  ruled(ruling: Ruling, version: number): void {
    const { kind, wrong, right, used } = ruling;
    const { events, members } = this.#options;
    events.audit(kind, used.worker);
    if (!used.isArbiter) events.lease('accepted', used.worker);
    for (const party of right) this.#proved(party, ruling, version);
    for (const party of wrong) {
      const { worker, identity } = party;
      if (isVolunteer(party)) this.#distrust(party, ruling, version);
      else this.offend(party, 'audit');
      events.resultRefused('audit-lost');
      const member = members.named(worker);
      if (member?.identity !== identity) continue;
      members.refuse(member, 'audit-lost', 'its result differed from what the arbiter computed');
    }
  }

  #proved(party: Party, { alike, subtree }: Ruling, version: number): void {
    const { members, trust } = this.#options;
    const { worker, identity } = party;
    members.reputations.proved(identity);
    if (!isVolunteer(party)) return;
    const isAlike = alike.includes(party);
    trust.right(identity, { version, ...subtree }, isAlike);
    const member = members.named(worker);
    if (isAlike && member?.identity === identity) member.contributed();
  }

  /** Told once for each session, however many wrong results came at once. */
  #distrust({ worker, identity: session }: Party, { subtree }: Ruling, version: number): void {
    const { events, members, trust } = this.#options;
    if (members.reputations.hasEnded(session, { shared: [] })) return;
    members.reputations.end(session);
    const uses = trust.wrong(session).map(({ version, start, size }) => ({ step: version + 1, start, size }));
    events.happened({ type: 'distrusted', worker, session, step: version + 1, ...subtree, uses });
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
