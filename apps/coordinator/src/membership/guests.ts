/** Those who came by the join link: which secrets bring them back, and how they are sent away together. */
import type { Credential } from '../network/credentials.ts';
import type { Peer } from './peer.ts';
import type { Roster } from './roster.ts';
import type { Sessions } from './sessions.ts';

export interface GuestsOptions {
  readonly roster: Roster;
  readonly sessions: Sessions;
  readonly refuse: (peer: Peer, code: 'join-revoked', sentence: string) => void;
}

export class Guests {
  readonly #options: GuestsOptions;

  constructor(options: GuestsOptions) {
    this.#options = options;
  }

  /** Whom the secret of a session belongs to, connected or gone, if it came by the join link; nobody else's brings anybody in. */
  credentialOf(secret: string): Credential | undefined {
    const { roster, sessions } = this.#options;
    const credential = (roster.withSecret(secret) ?? sessions.find(secret))?.credential;
    return credential?.kind === 'volunteer' ? credential : undefined;
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
