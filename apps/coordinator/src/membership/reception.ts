/**
 * Who comes in: a hello is let in under a name and a session, or refused.
 *
 * Invariants: whoever shows a session's secret has its place and name at once; a run that is full is full of workers that
 * have contributed, or shared out evenly among credentials and addresses: none can hold all places with workers that never
 * do anything.
 */
import { ProtocolError } from '@gradcast/protocol';
import type { MessageOf } from '@gradcast/protocol';
import { chargedTo } from './budgets.ts';
import type { Budgets } from './budgets.ts';
import type { Peer } from './peer.ts';
import type { Roster } from './roster.ts';
import type { Sessions } from './sessions.ts';

export interface ReceptionOptions {
  readonly roster: Roster;
  readonly sessions: Sessions;
  readonly budgets: Budgets;
  readonly maxWorkers: number;
  /** Whether this is a worker of ours that is awaited. */
  readonly isOurs: (name: string, credential: Peer['credential']) => boolean;
  readonly refuse: (peer: Peer, code: 'replaced' | 'too-many-workers', sentence: string) => void;
}

export class Reception {
  readonly #options: ReceptionOptions;

  constructor(options: ReceptionOptions) {
    this.#options = options;
  }

  /** @throws ProtocolError `message-unexpected`, `too-many-connections`, `too-many-workers`. */
  introduce(peer: Peer, hello: MessageOf<'hello'>): void {
    if (peer.hello) throw new ProtocolError('message-unexpected', 'a second hello came');
    const { roster, sessions, budgets, isOurs } = this.#options;
    peer.isArbiter = isOurs(hello.name, peer.credential);
    // A session belongs to a role: what a volunteer earned makes nobody a better worker, nor the other way round.
    const isOfRole = (other: Pick<Peer, 'credential'> | undefined) => other?.credential.role === peer.credential.role;
    const withSecret = roster.withSecret(hello.session);
    const former = isOfRole(withSecret) ? withSecret : undefined;
    const gone = sessions.find(hello.session);
    const known = former ?? (isOfRole(gone) ? gone : undefined);
    budgets.hello(peer, known);
    if (former) this.#dismiss(former, 'replaced', 'the worker connected again');
    else if (!peer.isArbiter) this.#makePlace(peer);
    if (known) sessions.take(hello.session);
    const name = former?.name ?? roster.freeName(known?.name ?? hello.name);
    peer.hello = hello;
    roster.introduce(peer, sessions.open({ name, credential: peer.credential }, known));
  }

  #dismiss(peer: Peer, code: 'replaced' | 'too-many-workers', sentence: string): void {
    this.#options.refuse(peer, code, sentence);
    this.#options.roster.remove(peer);
  }

  /**
   * In a full run a newcomer takes the place of one that has not contributed, of the credential or address which holds the
   * most such places, unless that would only turn the tables.
   */
  #makePlace(newcomer: Peer): void {
    const { roster, maxWorkers, sessions } = this.#options;
    if (roster.introduced < maxWorkers) return;
    const idle = new Map<string, Peer[]>();
    for (const peer of roster.all) {
      const origin = chargedTo(peer);
      if (origin === undefined || !peer.hello || peer.isProven || peer.isArbiter) continue;
      const peers = idle.get(origin);
      if (peers) peers.push(peer);
      else idle.set(origin, [peer]);
    }
    const own = chargedTo(newcomer);
    const most = [...idle.values()].reduce((most, peers) => (peers.length > most.length ? peers : most), []);
    const share = own === undefined ? 0 : (idle.get(own)?.length ?? 0) + 1;
    if (most.length <= share) throw new ProtocolError('too-many-workers', `the run has ${maxWorkers} workers already`);
    const [oldest] = most;
    sessions.left(oldest);
    this.#dismiss(
      oldest,
      'too-many-workers',
      `the run has ${maxWorkers} workers, and others have a right to this place`,
    );
  }
}
