/**
 * Volunteers by the secrets of their sessions, and those of them who came by the join link: which secrets bring them back,
 * and how they are sent away together.
 *
 * Invariant: whoever was sent away, or found wrong, is known by no secret.
 */
import type { Credential } from '../network/credentials.ts';
import type { Peer } from './peer.ts';
import type { Reputations } from './reputation.ts';
import type { Roster } from './roster.ts';
import { originOf } from './sessions.ts';
import type { SessionRecord, Sessions } from './sessions.ts';
import { isVolunteer } from './volunteer.ts';

export interface GuestsOptions {
  readonly roster: Roster;
  readonly sessions: Sessions;
  readonly reputations: Pick<Reputations, 'hasEnded'>;
  readonly refuse: (peer: Peer, code: 'join-revoked', sentence: string) => void;
}

export class Guests {
  readonly #options: GuestsOptions;

  constructor(options: GuestsOptions) {
    this.#options = options;
  }

  /** Whom the secret of a session belongs to, connected or gone, if it came by the join link; nobody else's brings anybody in. */
  credentialOf(secret: string): Credential | undefined {
    const credential = this.find(secret)?.credential;
    return credential?.kind === 'volunteer' ? credential : undefined;
  }

  /** The volunteer whose session's secret this is, connected or gone. */
  find(secret: string): Pick<SessionRecord, 'name' | 'identity' | 'credential'> | undefined {
    const { roster, sessions, reputations } = this.#options;
    const here = roster.withSecret(secret);
    const found = here ?? sessions.find(secret);
    if (!found || !isVolunteer(found) || here?.isForgotten) return undefined;
    const origin = originOf({ credential: found.credential, address: '' });
    return reputations.hasEnded(found.identity, origin) ? undefined : found;
  }

  /** Ends all of them; their sessions bring nobody back. @returns how many were connected. */
  dismiss(): number {
    const { roster, sessions, refuse } = this.#options;
    const guests = roster.all.filter(({ credential }) => credential.kind === 'volunteer');
    for (const guest of guests) {
      guest.isForgotten = true;
      refuse(guest, 'join-revoked', 'the link by which it came was taken back');
    }
    sessions.forget(({ credential }) => credential.kind === 'volunteer');
    return guests.length;
  }
}
