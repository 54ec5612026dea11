/**
 * When and as what our own workers are asked to decide audits.
 *
 *     absent --called--> starting --joined--> present --its connection ends--> absent
 *                           \--not there in time, or its process ended--> wasm stands in for it from then on
 *
 * Invariants: an arbiter is like the party whose answer it checks where this machine can be that, and `wasm`, which runs
 * everywhere, where not; nobody else can take its name, for that is told to our own child alone and it must come with the
 * secret of our own workers. A start is bounded, and so is the number of arbiters, whatever strangers say they are; what
 * fails again and again is started after growing pauses and given more time, and every failure is told.
 */
import { randomBytes } from 'node:crypto';
import { BACKEND_CHOICES } from '@gradcast/config';
import type { BackendChoice } from '@gradcast/config';
import type { Party } from './audit.ts';
import type { Credential } from '../network/credentials.ts';
import type { FleetEvents } from '../events.ts';
import type { Peer } from '../membership/peer.ts';
import type { Roster } from '../membership/roster.ts';

/** How long an arbiter may take from its first start until it can be asked; the library of a native one is loaded meanwhile. */
export const ARBITER_START_MS = 60_000;
/** On a slow machine it may take longer: the time doubles with each failure, up to this. */
const LONGEST_START_MS = 600_000;
/** Between two starts, from the second failure in a row on; doubled up to the longest. */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;
/** A native one that came and ended so often without an answer gives way to wasm. */
const MOST_ENDS = 3;
/** More threads than this only make an arbiter unlike any machine of ours. */
const MOST_THREADS = 64;
/** Native arbiters at a time; one that was not called for so long gives way to another kind. */
export const MOST_NATIVE = 2;
export const UNCALLED_MS = 60_000;

/** What decides an arbiter's bits. */
export interface ArbiterKind {
  readonly backend: BackendChoice;
  readonly threads: number;
}

export interface ArbiterRequest extends ArbiterKind {
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
  /** In an exact run only who is trusted is judged by another backend than its own: other bits are of no use there. */
  readonly isExact: boolean;
}

interface Called {
  readonly name: string;
  readonly handle: ArbiterHandle;
  since: number;
  wasPresent: boolean;
}

interface Kind extends ArbiterKind {
  called: Called | undefined;
  calledAt: number;
  /** Without an answer between. */
  failures: number;
  notBefore: number;
  /** For audits another takes its place. */
  hasFailed: boolean;
  /** This machine cannot be that: its process ended before it came. */
  isImpossible: boolean;
}

export class Arbitration {
  readonly #options: ArbitrationOptions;
  readonly #prefix = `arbiter-${randomBytes(8).toString('hex')}`;
  readonly #kinds = new Map<string, Kind>();
  #started = 0;

  constructor(options: ArbitrationOptions) {
    this.#options = options;
  }

  /** Whether a hello of this name is that of an arbiter that was started here. */
  isOurs(name: string, credential: Pick<Credential, 'kind'>): boolean {
    return credential.kind === 'local' && [...this.#kinds.values()].some(({ called }) => called?.name === name);
  }

  /** Asks for an arbiter like a party. @returns it, as soon as it has taken its place among the workers. */
  call(like: Pick<Party, 'backend' | 'threads' | 'credential'>): Peer | undefined {
    const kind = this.#kindOf(like);
    const mayStandIn = !this.#options.isExact || like.credential.role === 'trusted';
    if (!mayStandIn) return this.#summon(kind);
    if (kind.hasFailed || !this.#hasRoomFor(kind)) return this.#summon(this.#wasm);
    return this.#summon(kind);
  }

  /** Asks for one of exactly this kind. @returns `failed` where this machine cannot be that. */
  own(like: Pick<Party, 'backend' | 'threads'>): Peer | 'failed' | undefined {
    const kind = this.#kindOf(like);
    return kind.isImpossible ? 'failed' : this.#summon(kind);
  }

  /** None is needed for now. */
  dismiss(): void {
    for (const kind of this.#kinds.values()) this.#end(kind);
  }

  /** This process stood still for so long: no arbiter is to blame. */
  postpone(byMs: number): void {
    for (const { called } of this.#kinds.values()) if (called) called.since += byMs;
  }

  get #wasm(): Kind {
    return this.#kindOf({ backend: 'wasm', threads: 1 });
  }

  #kindOf({ backend: wanted, threads: many }: Pick<Party, 'backend' | 'threads'>): Kind {
    const known = BACKEND_CHOICES.find((choice) => choice === wanted && choice !== 'auto');
    const backend = known ?? 'wasm';
    // Its bits do not depend on threads, and one serves everybody.
    const threads = backend === 'wasm' ? 1 : Math.min(many, MOST_THREADS);
    const key = `${backend}/${threads}`;
    let kind = this.#kinds.get(key);
    if (!kind) {
      kind = {
        backend,
        threads,
        called: undefined,
        calledAt: 0,
        failures: 0,
        notBefore: 0,
        hasFailed: false,
        isImpossible: false,
      };
      this.#kinds.set(key, kind);
    }
    return kind;
  }

  #summon(kind: Kind): Peer | undefined {
    const { now, roster } = this.#options;
    if (!this.#hasRoomFor(kind)) return undefined;
    kind.calledAt = now();
    const { called } = kind;
    if (!called) {
      if (now() >= kind.notBefore) this.#start(kind);
      return undefined;
    }
    const peer = roster.named(called.name);
    if (peer?.isArbiter && (peer.state === 'active' || peer.state === 'waiting' || peer.state === 'behind')) {
      called.wasPresent = true;
      if (peer.hasContributed) kind.failures = 0;
      return peer;
    }
    const isLate = now() - called.since > startMs(kind.failures);
    if (called.wasPresent || called.handle.hasEnded || isLate) this.#fail(kind, called);
    return undefined;
  }

  /** Whether one of this kind is there or can be started; another that nobody called for a while gives way. */
  #hasRoomFor(kind: Kind): boolean {
    if (kind.called || kind.backend === 'wasm') return true;
    const native = [...this.#kinds.values()].filter(({ backend, called }) => called && backend !== 'wasm');
    if (native.length < MOST_NATIVE) return true;
    const [oldest] = native.sort((a, b) => a.calledAt - b.calledAt);
    if (this.#options.now() - oldest.calledAt <= UNCALLED_MS) return false;
    this.#end(oldest);
    return true;
  }

  #start(kind: Kind): void {
    const { now, startArbiter } = this.#options;
    const { backend, threads } = kind;
    const name = `${this.#prefix}-${++this.#started}`;
    kind.called = { name, handle: startArbiter({ backend, threads, name }), since: now(), wasPresent: false };
  }

  #fail(kind: Kind, { wasPresent, handle }: Called): void {
    const { now, events, isExact } = this.#options;
    const hasEnded = wasPresent || handle.hasEnded;
    const how = hasEnded ? 'ended' : `did not come in ${startMs(kind.failures) / 1000} s`;
    this.#end(kind);
    kind.failures += 1;
    kind.notBefore = now() + pauseMs(kind.failures);
    // One that has answered may end once: its connection, or the system, may be to blame.
    if (wasPresent && kind.failures === 1) return;
    kind.hasFailed = kind.backend !== 'wasm' && (!wasPresent || kind.failures >= MOST_ENDS);
    kind.isImpossible = kind.hasFailed && hasEnded;
    const follows = kind.hasFailed && !isExact ? 'wasm decides' : 'it is started again, and what it is to decide waits';
    events.notice(`an arbiter with backend ${kind.backend} ${how}; ${follows}`);
  }

  #end(kind: Kind): void {
    kind.called?.handle.end();
    kind.called = undefined;
  }
}

function startMs(failures: number): number {
  return Math.min(LONGEST_START_MS, ARBITER_START_MS * 2 ** Math.min(failures, 10));
}

function pauseMs(failures: number): number {
  return failures < 2 ? 0 : Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures - 2, 10));
}
