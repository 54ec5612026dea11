/**
 * Who comes in: a hello is let in under a name and a session, or refused.
 *
 * Invariants: whoever shows a session's secret has its place and name at once; a run that is full is full of workers that
 * have contributed, or shared out evenly among credentials and addresses: none can hold all places with workers that never
 * do anything. Volunteers have places of their own, and take nobody else's; one that was found wrong does not come back.
 */
import { ProtocolError } from '@gradcast/protocol';
import type { MessageOf } from '@gradcast/protocol';
import { chargedTo } from './budgets.ts';
import type { Budgets } from './budgets.ts';
import type { Peer } from './peer.ts';
import type { Reputations } from './reputation.ts';
import type { Roster } from './roster.ts';
import { originOf } from './sessions.ts';
import type { Sessions } from './sessions.ts';
import { isVolunteer } from './volunteer.ts';

/** Why a peer loses its place, or its connection to its successor. */
type Dismissal = 'replaced' | 'too-many-workers' | 'too-many-volunteers';

export interface ReceptionOptions {
  readonly roster: Roster;
  readonly sessions: Sessions;
  readonly reputations: Pick<Reputations, 'hasEnded'>;
  readonly budgets: Budgets;
  readonly maxWorkers: number;
  readonly maxVolunteers: number;
  /** Whether this is a worker of ours that is awaited. */
  readonly isOurs: (name: string, credential: Peer['credential']) => boolean;
  readonly refuse: (peer: Peer, code: Dismissal, sentence: string) => void;
}

export class Reception {
  readonly #options: ReceptionOptions;

  constructor(options: ReceptionOptions) {
    this.#options = options;
  }

  /** @throws ProtocolError `message-unexpected`, `too-many-connections`, `too-many-workers` or `-volunteers`, `audit-lost`. */
  introduce(peer: Peer, hello: MessageOf<'hello'>): void {
    if (peer.hello) throw new ProtocolError('message-unexpected', 'a second hello came');
    const { roster, sessions, reputations, budgets, isOurs } = this.#options;
    peer.isArbiter = isOurs(hello.name, peer.credential);
    // A session belongs to a role: what a volunteer earned makes nobody a better worker, nor the other way round.
    const isOfRole = (other: Pick<Peer, 'credential'> | undefined) => other?.credential.role === peer.credential.role;
    const withSecret = roster.withSecret(hello.session);
    const former = isOfRole(withSecret) ? withSecret : undefined;
    const gone = sessions.find(hello.session);
    const known = former ?? (isOfRole(gone) ? gone : undefined);
    if (reputations.hasEnded(known?.identity, originOf(peer))) {
      throw new ProtocolError('audit-lost', 'a result of this volunteer was found wrong; it is not wanted again');
    }
    budgets.hello(peer, known);
    if (former) this.#dismiss(former, 'replaced', 'the worker connected again');
    else if (!peer.isArbiter) this.#makePlace(peer);
    if (known) sessions.take(hello.session);
    const name = former?.name ?? roster.freeName(known?.name ?? hello.name);
    peer.hello = hello;
    roster.introduce(peer, sessions.open({ name, credential: peer.credential }, known));
  }

  #dismiss(peer: Peer, code: Dismissal, sentence: string): void {
    this.#options.refuse(peer, code, sentence);
    this.#options.roster.remove(peer);
  }

  /**
   * In a full run a newcomer takes the place of one that has not contributed, of the credential or address which holds the
   * most such places, unless that would only turn the tables.
   */
  #makePlace(newcomer: Peer): void {
    const { roster, maxWorkers, maxVolunteers, sessions } = this.#options;
    const kind = isVolunteer(newcomer) ? 'volunteers' : 'workers';
    const places = kind === 'volunteers' ? maxVolunteers : maxWorkers;
    if (roster.introduced[kind] < places) return;
    const idle = new Map<string, Peer[]>();
    for (const peer of roster.all) {
      const origin = chargedTo(peer);
      if (origin === undefined || !peer.hello || peer.isProven || peer.isArbiter) continue;
      if (isVolunteer(peer) !== isVolunteer(newcomer)) continue;
      const peers = idle.get(origin);
      if (peers) peers.push(peer);
      else idle.set(origin, [peer]);
    }
    const own = chargedTo(newcomer);
    const most = [...idle.values()].reduce((most, peers) => (peers.length > most.length ? peers : most), []);
    const share = own === undefined ? 0 : (idle.get(own)?.length ?? 0) + 1;
    if (most.length <= share) throw new ProtocolError(`too-many-${kind}`, `the run has ${places} ${kind} already`);
    const [oldest] = most;
    sessions.left(oldest);
    this.#dismiss(oldest, `too-many-${kind}`, `the run has ${places} ${kind}, and others have a right to this place`);
  }
}
