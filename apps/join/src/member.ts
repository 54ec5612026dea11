/**
 * One compute worker and its session with the coordinator: loaded once, a member as often as the visitor likes.
 *
 *     resting --start--> loading --loaded--> joining --welcome--> member --lost--> retrying --welcome--> member
 *        ^                                                           '--pause, within the grace--> resting
 *        '---------------------------------------- over: the run is done, or this device was refused or let go
 *
 * Invariant: it never tries for less than for ever, unless the coordinator says that trying is of no use.
 */
import { Compute, introductionOf, Work } from '@gradcast/worker-core';
import type { Clock, Connect, Outcome, StartThread, WorkNotice } from '@gradcast/worker-core';
import type { KeptSecret } from './connect.ts';

/** A compute worker as its session sees it. */
export interface DeviceThread {
  readonly start: StartThread;
  limit(share: number): void;
  end(): void;
}

export type MemberState =
  | { readonly name: 'resting' | 'loading' | 'joining' }
  /** `work` is what its operator says of the run. */
  | {
      readonly name: 'member';
      readonly since: number;
      readonly work: 'running' | 'paused' | 'stopping' | 'parked';
      /** Why nothing is computed: the device is lost, and asked for again. */
      readonly lost?: string;
    }
  | { readonly name: 'retrying'; readonly sentence: string }
  | { readonly name: 'over'; readonly how: 'done' | 'refused' | 'dismissed' | 'failed'; readonly sentence: string };

export interface MemberOptions {
  /** What the coordinator calls it, unless another is called so. */
  readonly name: string;
  readonly thread: DeviceThread;
  readonly connect: (secret: KeptSecret) => Connect;
  readonly clock: Clock;
  readonly jitter: () => number;
  readonly sha256: (bytes: Uint8Array) => Promise<string>;
  readonly changed: () => void;
  readonly measured: (computeMs: number, images: number) => void;
}

/** For what was asked for before a pause. */
const GRACE_MS = 3_000;

export class Member {
  readonly #options: MemberOptions;
  readonly #secret: KeptSecret = { value: null };
  /** What the coordinator was told last, and can be asked by. */
  #session: string | null = null;
  #state: MemberState = { name: 'resting' };
  #isWanted = false;
  #compute: Compute | undefined;
  #work: Work | undefined;
  #running: Promise<void> = Promise.resolve();
  /** Why the coordinator lets it go, if it does. */
  #dismissal: string | undefined;

  constructor(options: MemberOptions) {
    this.#options = options;
  }

  get state(): MemberState {
    return this.#state;
  }

  /** The secret of its newest session, or null before the first. */
  get session(): string | null {
    return this.#session;
  }

  start(): void {
    if (this.#isWanted) return;
    this.#isWanted = true;
    // What is still going to its end comes first.
    this.#running = this.#running.then(() => this.#run());
  }

  /** Stops within the grace; what is loaded stays, and what is being loaded is not waited for. */
  async pause(): Promise<void> {
    this.#isWanted = false;
    if (!this.#work) return;
    this.#work.leave('the visitor paused', GRACE_MS);
    await this.#running;
  }

  /** Stops, and ends the compute worker. */
  async end(): Promise<void> {
    await this.pause();
    this.#options.thread.end();
  }

  limit(share: number): void {
    this.#options.thread.limit(share);
  }

  hurry(): void {
    this.#work?.hurry();
  }

  async #run(): Promise<void> {
    try {
      while (this.#isWanted) {
        const outcome = await this.#visit();
        if (outcome) return this.#over(outcome);
        this.#become({ name: 'resting' });
      }
    } catch (error) {
      this.#over({ kind: 'refused', code: 'compute-failed', sentence: (error as Error).message });
    }
  }

  /** From loading to the end of a session. @returns how it ended for good, or undefined. */
  async #visit(): Promise<Outcome | undefined> {
    const { name, thread, connect, clock, jitter, sha256, changed, measured } = this.#options;
    if (!this.#compute) this.#become({ name: 'loading' });
    this.#compute ??= await Compute.start(thread.start);
    const introduction = await introductionOf({ profile: this.#compute.profile, name, metricsPort: null, sha256 });
    if (!this.#isWanted) return undefined;
    this.#become({ name: 'joining' });
    const keep = (secret: string) => {
      this.#secret.value = secret;
      this.#session = secret;
      changed();
    };
    this.#work = new Work({
      compute: this.#compute,
      introduction,
      connect: connect(this.#secret),
      clock,
      jitter,
      reconnectSeconds: Infinity,
      graceSeconds: GRACE_MS / 1000,
      events: { notice: (event) => this.#notice(event), measured, waited: () => undefined },
      secret: { former: this.#session, keep },
    });
    const outcome = await this.#work.run();
    this.#work = undefined;
    return outcome.kind === 'left' && this.#dismissal === undefined ? undefined : outcome;
  }

  #notice(event: WorkNotice): void {
    const since = this.#options.clock.now();
    switch (event.kind) {
      case 'joined':
        return this.#become({ name: 'member', since, work: 'running' });
      case 'parked':
        return this.#become({ name: 'member', since, work: 'parked' });
      case 'state':
        return this.#become({ name: 'member', since, work: event.state });
      case 'lost':
        return this.#become({ name: 'retrying', sentence: event.sentence });
      case 'drain':
        this.#dismissal = event.reason;
        return;
      case 'device-lost':
        if (this.#state.name === 'member') this.#become({ ...this.#state, lost: event.sentence });
        return;
      case 'device-back':
        if (this.#state.name === 'member') this.#become({ ...this.#state, lost: undefined });
        return;
      case 'device-full':
      case 'device-tuning':
      case 'device-singly':
        return;
      default:
        event satisfies never;
    }
  }

  #over(outcome: Outcome): void {
    this.#isWanted = false;
    const dismissal = this.#dismissal;
    this.#dismissal = undefined;
    switch (outcome.kind) {
      case 'done':
        return this.#become({ name: 'over', how: 'done', sentence: outcome.reason });
      case 'left':
        return this.#become({ name: 'over', how: 'dismissed', sentence: dismissal ?? 'it left' });
      case 'refused':
        // The coordinator does not know the session any more, or should not be reminded of it.
        this.#secret.value = null;
        this.#session = null;
        return this.#become({ name: 'over', how: this.#whoseFault(), sentence: outcome.sentence });
      case 'unreachable':
        return this.#become({ name: 'over', how: 'refused', sentence: outcome.sentence });
      default:
        outcome satisfies never;
    }
  }

  /** One that failed is not asked again: the next start gets another. */
  #whoseFault(): 'refused' | 'failed' {
    if (this.#compute && !this.#compute.hasFailed) return 'refused';
    this.#compute = undefined;
    return 'failed';
  }

  #become(state: MemberState): void {
    this.#state = state;
    this.#options.changed();
  }
}
