/**
 * How often peers may come in and be given the state: by session where a result of it was used, else by credential if that is
 * one holder's own, else by address. This command's own workers are exempt, and volunteers have budgets of their own.
 *
 * Invariants: what strangers behind the same address or token do costs a worker nothing that has contributed, and what
 * volunteers do costs no worker anything; rates of an address or credential grow with `maxWorkers`, of volunteers with
 * `maxVolunteers`, since all of them may share it: a class sits behind one router.
 */
import { ProtocolError } from '@gradcast/protocol';
import { SPARE } from '../network/connections.ts';
import { networkOf } from '../network/address-network.ts';
import type { Peer } from './peer.ts';
import { RateBudget } from '../network/rate-budget.ts';
import { isVolunteer } from './volunteer.ts';

/** A link that breaks again and again brings a worker back each few seconds; its pauses between tries reach 4 s. */
const RETURNS = { burst: 16, perSecond: 0.5 };
/** One for each return, and for each time that a slow worker falls behind. */
const OWN_SNAPSHOTS = { burst: 16, perSecond: 0.5 };

type Origin = Pick<Peer, 'credential' | 'address'>;
type Session = Pick<Peer, 'identity' | 'isProven'>;

export interface BudgetsOptions {
  readonly maxWorkers: number;
  readonly maxVolunteers: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/** Of peers that have not contributed. */
interface NewcomersBudgets {
  readonly hellos: RateBudget;
  readonly snapshots: RateBudget;
}

export class Budgets {
  readonly #workers: NewcomersBudgets;
  readonly #volunteers: NewcomersBudgets;
  readonly #returns: RateBudget;
  readonly #ownSnapshots: RateBudget;
  readonly #messages: RateBudget;

  constructor({ maxWorkers, maxVolunteers, now }: BudgetsOptions) {
    this.#workers = newcomersBudgets(maxWorkers, now);
    this.#volunteers = newcomersBudgets(maxVolunteers, now);
    this.#returns = new RateBudget(RETURNS, now);
    this.#ownSnapshots = new RateBudget(OWN_SNAPSHOTS, now);
    this.#messages = new RateBudget({ burst: 4 * burstOf(maxWorkers), perSecond: Math.max(10, maxWorkers) }, now);
  }

  /**
   * A peer introduces itself.
   *
   * @param session what is known of it from before.
   * @throws ProtocolError `too-many-connections`.
   */
  hello(peer: Origin, session: Session | undefined): void {
    const waitMs = take(peer, session, { own: this.#returns, shared: this.#newcomers(peer).hellos });
    if (waitMs === 0) return;
    const seconds = Math.ceil(waitMs / 1000);
    throw new ProtocolError('too-many-connections', `it has connected too often; try again in ${seconds} s`);
  }

  /** A peer is to be given the state. @returns 0, or after how many milliseconds it may have it. */
  snapshot(peer: Origin & Session): number {
    return take(peer, peer, { own: this.#ownSnapshots, shared: this.#newcomers(peer).snapshots });
  }

  #newcomers(peer: Origin): NewcomersBudgets {
    return isVolunteer(peer) ? this.#volunteers : this.#workers;
  }

  /** A peer said what nobody asked for. @returns whether its credential, if that is its holder's own, may say so much. */
  message({ credential }: Origin): boolean {
    return credential.kind !== 'own' || this.#messages.take(credential.name) === 0;
  }
}

/** Twice all that there may be at once, as when a coordinator or a router starts again. */
function burstOf(places: number): number {
  return 2 * (places + SPARE);
}

/** After the burst all of them within a minute. */
function newcomersBudgets(places: number, now: () => number): NewcomersBudgets {
  const burst = burstOf(places);
  return {
    hellos: new RateBudget({ burst, perSecond: Math.max(4, places / 50) }, now),
    snapshots: new RateBudget({ burst, perSecond: Math.max(2, places / 100) }, now),
  };
}

function take(
  peer: Origin,
  session: Session | undefined,
  { own, shared }: { readonly own: RateBudget; readonly shared: RateBudget },
): number {
  const origin = chargedTo(peer);
  if (origin === undefined) return 0;
  return session?.isProven ? own.take(session.identity) : shared.take(origin);
}

/** Whom an unproven peer is charged to; undefined for workers of this command. */
export function chargedTo({ credential, address }: Pick<Peer, 'credential' | 'address'>): string | undefined {
  if (credential.kind === 'local') return undefined;
  return credential.kind === 'own' ? `credential:${credential.name}` : `address:${networkOf(address)}`;
}
