/**
 * When and as what our own workers are asked to decide audits.
 *
 *     absent --called--> starting --joined--> present --its connection ends--> absent
 *                           \--a minute over, or its process ended--> failed: from then on wasm stands in for it
 *
 * Invariants: an arbiter is like the party whose answer it checks where this machine can be that, and `wasm`, which runs
 * everywhere, where not; nobody else can take its name, for that is told to our own child alone and it must come with the
 * secret of our own workers; a start is bounded, and `wasm` is started again as often as it fails.
 */
import { randomBytes } from 'node:crypto';
import { BACKEND_CHOICES } from '@gradcast/config';
import type { BackendChoice } from '@gradcast/config';
import type { Party } from './audit.ts';
import type { Credential } from './credentials.ts';
import type { FleetEvents } from './fleet-events.ts';
import type { Peer } from './peer.ts';
import type { Roster } from './roster.ts';

/** How long an arbiter may take from its start until it can be asked; the library of a native one is loaded meanwhile. */
export const ARBITER_START_MS = 60_000;
/** More threads than this only make an arbiter unlike any machine of ours. */
const MOST_THREADS = 64;

export interface ArbiterRequest {
  readonly backend: BackendChoice;
  readonly threads: number;
  readonly name: string;
}

/** A started arbiter. */
export interface ArbiterHandle {
  /** Its process is gone. */
  readonly hasEnded: boolean;
  end(): void;
}

export interface ArbitrationOptions {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly startArbiter: (request: ArbiterRequest) => ArbiterHandle;
  readonly roster: Pick<Roster, 'named'>;
  readonly events: Pick<FleetEvents, 'notice'>;
}

interface Called {
  readonly name: string;
  readonly handle: ArbiterHandle;
  since: number;
  wasPresent: boolean;
}

export class Arbitration {
  readonly #options: ArbitrationOptions;
  readonly #prefix = `arbiter-${randomBytes(8).toString('hex')}`;
  readonly #called = new Map<BackendChoice, Called>();
  readonly #failed = new Set<BackendChoice>();
  #started = 0;

  constructor(options: ArbitrationOptions) {
    this.#options = options;
  }

  /** Whether a hello of this name is that of an arbiter that was started here. */
  isOurs(name: string, credential: Pick<Credential, 'kind'>): boolean {
    return credential.kind === 'local' && [...this.#called.values()].some((called) => called.name === name);
  }

  /** Asks for an arbiter like a party. @returns it, as soon as it has taken its place among the workers. */
  call(like: Pick<Party, 'backend' | 'threads'>): Peer | undefined {
    const backend = this.#backendFor(like.backend);
    const called = this.#called.get(backend);
    if (!called) {
      this.#start(backend, like.threads);
      return undefined;
    }
    const peer = this.#options.roster.named(called.name);
    if (peer?.isArbiter && (peer.state === 'active' || peer.state === 'waiting' || peer.state === 'behind')) {
      called.wasPresent = true;
      return peer;
    }
    const isLate = this.#options.now() - called.since > ARBITER_START_MS;
    if (called.wasPresent || called.handle.hasEnded || isLate) this.#fail(backend, called);
    return undefined;
  }

  /** This process stood still for so long: no arbiter is to blame. */
  postpone(byMs: number): void {
    for (const called of this.#called.values()) called.since += byMs;
  }

  #backendFor(wanted: string): BackendChoice {
    const known = BACKEND_CHOICES.find((choice) => choice === wanted);
    return known === undefined || known === 'auto' || this.#failed.has(known) ? 'wasm' : known;
  }

  #start(backend: BackendChoice, threads: number): void {
    const name = `${this.#prefix}-${++this.#started}`;
    const handle = this.#options.startArbiter({ backend, threads: Math.min(threads, MOST_THREADS), name });
    this.#called.set(backend, { name, handle, since: this.#options.now(), wasPresent: false });
  }

  #fail(backend: BackendChoice, { handle, wasPresent }: Called): void {
    handle.end();
    this.#called.delete(backend);
    if (wasPresent) return;
    this.#options.events.notice(
      `no arbiter with backend ${backend} came; ${backend === 'wasm' ? 'it is started again' : 'wasm decides'}`,
    );
    if (backend !== 'wasm') this.#failed.add(backend);
  }
}
