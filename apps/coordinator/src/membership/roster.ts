/**
 * The connections of a run and their names.
 */
import { NAME_LIMIT } from '@gradcast/protocol';
import type { WorkerView } from '../events.ts';
import type { Peer } from './peer.ts';
import type { SessionRecord } from './sessions.ts';
import { withoutVolunteers } from './volunteer.ts';

export class Roster {
  readonly #peers = new Set<Peer>();
  readonly #byName = new Map<string, Peer>();
  readonly #bySecret = new Map<string, Peer>();

  get size(): number {
    return this.#peers.size;
  }

  /** Every connection, oldest first; a copy, so that connections may go while it is walked. */
  get all(): Peer[] {
    return [...this.#peers];
  }

  /** Workers that introduced themselves, our own arbiter left out. */
  workers(know: {
    readonly isBusy: (name: string) => boolean;
    readonly quarantineOf: (peer: Peer) => string | undefined;
  }): WorkerView[] {
    return this.all.flatMap((peer): WorkerView[] => {
      const { name, hello, address, state, isArbiter, credential } = peer;
      if (!hello || isArbiter) return [];
      const quarantine = know.quarantineOf(peer);
      const free = quarantine === undefined ? 'idle' : 'quarantined';
      const working = know.isBusy(name) ? 'leased' : free;
      const doing = state === 'active' ? working : state === 'parked' || state === 'leaving' ? state : 'joining';
      const { backend, device, metricsPort } = hello;
      const isLocal = credential.kind === 'local';
      const { role } = credential;
      const why = quarantine ?? null;
      return [{ name, role, backend, device, metricsPort, address, isLocal, state: doing, quarantine: why }];
    });
  }

  /** How many introduced themselves, by whether their word counts; our own arbiter left out. */
  get introduced(): { readonly workers: number; readonly volunteers: number } {
    const introduced = this.all.filter(({ hello, isArbiter }) => hello !== undefined && !isArbiter);
    const workers = withoutVolunteers(introduced);
    return { workers, volunteers: introduced.length - workers };
  }

  /** How many workers can be given a lease; volunteers do not count. */
  get active(): number {
    return withoutVolunteers(this.all.filter(({ state, isArbiter }) => state === 'active' && !isArbiter));
  }

  /** Connections that the end of a run waits for: all but those of volunteers. */
  get awaited(): number {
    return withoutVolunteers(this.all);
  }

  add(peer: Peer): void {
    this.#peers.add(peer);
  }

  /** A peer said its hello: from now on it goes by this name, and whoever had it before does not. */
  introduce(peer: Peer, { name, secret, identity, isProven }: SessionRecord): void {
    peer.name = name;
    peer.secret = secret;
    peer.identity = identity;
    peer.isProven = isProven;
    this.#byName.set(name, peer);
    this.#bySecret.set(secret, peer);
  }

  /** @returns whether the peer was there. */
  remove(peer: Peer): boolean {
    if (this.#byName.get(peer.name) === peer) this.#byName.delete(peer.name);
    if (this.#bySecret.get(peer.secret) === peer) this.#bySecret.delete(peer.secret);
    return this.#peers.delete(peer);
  }

  named(name: string): Peer | undefined {
    return this.#byName.get(name);
  }

  /** The peer that a returning worker was, if it is still here. */
  withSecret(secret: string | null): Peer | undefined {
    return secret === null ? undefined : this.#bySecret.get(secret);
  }

  /** The wanted name, with a number behind it if it is taken. */
  freeName(wanted: string): string {
    let name = wanted;
    for (let suffix = 2; this.named(name); suffix++) {
      const behind = `-${suffix}`;
      name = wanted.slice(0, NAME_LIMIT - behind.length) + behind;
    }
    return name;
  }
}
