/**
 * The connections of a run and their names.
 */
import type { Peer } from './peer.ts';

/** What a worker is doing: not ready yet, waiting for work, or computing. */
export const WORKER_STATES = ['joining', 'idle', 'leased'] as const;
export type WorkerState = (typeof WORKER_STATES)[number];

/** A worker as metrics and discovery see it. */
export interface WorkerView {
  readonly name: string;
  readonly backend: string;
  readonly address: string;
  readonly metricsPort: number | null;
  readonly state: WorkerState;
}

export class Roster {
  readonly #peers = new Set<Peer>();

  get size(): number {
    return this.#peers.size;
  }

  /** Every connection, oldest first; a copy, so that connections may go while it is walked. */
  get all(): Peer[] {
    return [...this.#peers];
  }

  /** Workers that introduced themselves; `isBusy` says which of them hold a lease. */
  workers(isBusy: (name: string) => boolean): WorkerView[] {
    return this.all.flatMap(({ name, hello, address, state }) => {
      if (!hello) return [];
      const doing = state !== 'active' ? 'joining' : isBusy(name) ? 'leased' : 'idle';
      return [{ name, backend: hello.backend, metricsPort: hello.metricsPort, address, state: doing }];
    });
  }

  /** How many workers can be given a lease. */
  get active(): number {
    return this.all.filter(({ state }) => state === 'active').length;
  }

  add(peer: Peer): void {
    this.#peers.add(peer);
  }

  /** @returns whether the peer was there. */
  remove(peer: Peer): boolean {
    return this.#peers.delete(peer);
  }

  named(name: string): Peer | undefined {
    return this.all.find((peer) => peer.name === name);
  }

  /** The peer that a returning worker was, if it is still here. */
  withSecret(secret: string | null): Peer | undefined {
    return secret === null ? undefined : this.all.find((peer) => peer.secret === secret);
  }

  /** The wanted name, with a number behind it if it is taken. */
  freeName(wanted: string): string {
    let name = wanted;
    for (let suffix = 2; this.named(name); suffix++) name = `${wanted}-${suffix}`;
    return name;
  }
}
