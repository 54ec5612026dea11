/**
 * Who a worker is, over all its connections: whoever shows the secret of the last welcome.
 *
 * A name is free for anybody to take, an address is shared by all behind it, and a shared token by everybody; a session
 * secret is known to one worker only. So a session is what reputation belongs to, and it outlives its connection.
 *
 * Invariant: sessions that nobody is connected for are bounded; the longest gone are forgotten first, and no volunteer's
 * coming and going makes a worker's be forgotten.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { Credential } from '../network/credentials.ts';
import type { Peer } from './peer.ts';
import type { Origin } from './reputation.ts';
import { isVolunteer } from './volunteer.ts';

/** Sessions remembered whose worker is gone, and as many of volunteers. */
const MOST_GONE = 4096;

export interface SessionRecord {
  /** What reputation is kept by. */
  readonly identity: string;
  /** The name it had last. */
  readonly name: string;
  /** What to show at the next hello. */
  readonly secret: string;
  /** Whether a result of it was ever used. */
  readonly isProven: boolean;
  /** With what it came; a session belongs to one role. */
  readonly credential: Credential;
}

export class Sessions {
  /** By a digest of their secret, gone the longest first. */
  readonly #gone = new Map<string, SessionRecord>();
  readonly #goneVolunteers = new Map<string, SessionRecord>();
  #opened = 0;

  /** How many are remembered whose worker is gone. */
  get size(): number {
    return this.#gone.size + this.#goneVolunteers.size;
  }

  /** What a secret belongs to whose worker is gone. */
  find(secret: string | null): SessionRecord | undefined {
    if (secret === null) return undefined;
    const digest = digestOf(secret);
    return this.#gone.get(digest) ?? this.#goneVolunteers.get(digest);
  }

  /** Its worker is back: it is not remembered as gone any more. */
  take(secret: string | null): void {
    if (secret === null) return;
    for (const gone of [this.#gone, this.#goneVolunteers]) gone.delete(digestOf(secret));
  }

  /** Those are remembered no more. */
  forget(which: (record: SessionRecord) => boolean): void {
    for (const gone of [this.#gone, this.#goneVolunteers]) {
      for (const [digest, record] of gone) if (which(record)) gone.delete(digest);
    }
  }

  /** A new session, or the next secret of a former one. */
  open(
    { name, credential }: Pick<SessionRecord, 'name' | 'credential'>,
    former: Pick<SessionRecord, 'identity' | 'isProven'> | undefined,
  ): SessionRecord {
    const { identity, isProven } = former ?? { identity: `session-${++this.#opened}`, isProven: false };
    return { identity, name, secret: randomBytes(16).toString('hex'), isProven, credential };
  }

  /** Its worker is gone, and may come back. */
  left({ identity, name, secret, isProven, credential }: SessionRecord): void {
    const gone = isVolunteer({ credential }) ? this.#goneVolunteers : this.#gone;
    gone.set(digestOf(secret), { identity, name, secret, isProven, credential });
    for (const digest of gone.keys()) {
      if (gone.size <= MOST_GONE) return;
      gone.delete(digest);
    }
  }
}

/** What a connection's reputation is inherited from, and what it shares with strangers. */
export function originOf({ credential, address }: Pick<Peer, 'credential' | 'address'>): Origin {
  const { kind, name, role } = credential;
  if (kind === 'local') return { shared: [] };
  if (role === 'volunteer') return { ...(kind === 'own' && { own: name }), shared: [`volunteers:${address}`] };
  if (kind === 'own') return { own: name, shared: role === 'trusted' ? [] : [`address:${address}`] };
  return { shared: [`token:${kind}`, `address:${address}`] };
}

function digestOf(secret: string): string {
  return createHash('sha256').update(secret).digest('base64');
}
