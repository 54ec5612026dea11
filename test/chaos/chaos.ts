/** Disturbs a run in the order of a plan, and writes down what it did. */
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { COORDINATOR } from '@gradcast/testing';
import type { Cast } from './cast.ts';
import { turns } from './plan.ts';
import type { Kind, Turn } from './plan.ts';

/** Something that was done to a party, and when: monotonic milliseconds. */
export interface Deed {
  readonly kind: Kind;
  readonly party: string;
  readonly at: number;
}

const WORKERS = 3;
const SLOW_BYTES_PER_SECOND = 500_000;

export class Chaos {
  readonly deeds: Deed[] = [];
  readonly #cast: Cast;
  readonly #say: (line: string) => void;
  readonly #pending = new Set<Promise<unknown>>();

  constructor(cast: Cast, say: (line: string) => void) {
    this.#cast = cast;
    this.#say = say;
  }

  /** Starts everything. @returns when the first step is closed. */
  async start(): Promise<void> {
    for (let index = 0; index < WORKERS; index++) this.#cast.addWorker();
    await this.#cast.startCoordinator();
    await this.#nextStep();
  }

  /** Disturbs it for so long, in the kinds given, and returns when whoever was hit is replaced. */
  async rage(minutes: number, seed: number, kinds?: readonly Kind[]): Promise<void> {
    const cast = this.#cast;
    const end = performance.now() + minutes * 60_000;
    for (const turn of turns(seed, kinds)) {
      await sleep(Math.min(turn.waitMs, Math.max(0, end - performance.now())));
      if (performance.now() >= end) break;
      this.#take(turn);
      if (cast.surprises.length > 0) break;
    }
    await Promise.all(this.#pending);
    await this.#nextStep();
  }

  /** @throws Error if no step is closed for two minutes. */
  async #nextStep(): Promise<void> {
    const now = performance.now();
    await this.#cast.proxy.moments.until('a step', ({ kind, at }) => kind === 'average' && at > now, 120);
  }

  /** A turn that finds nobody it could hit is passed over. */
  #take({ kind, pick, lastsMs }: Turn): void {
    const { workers, isUp, proxy } = this.#cast;
    const worker = workers.at(Math.floor(pick * workers.length));
    switch (kind) {
      case 'worker killed':
        return worker === undefined ? undefined : this.#killWorker(kind, worker, lastsMs);
      case 'worker stopped':
        return worker === undefined ? undefined : this.#stop(kind, worker, lastsMs);
      case 'worker told to leave':
        return worker === undefined ? undefined : this.#dismiss(kind, worker);
      case 'link slow':
        return this.#disturb(kind, worker, () =>
          proxy.disturb(worker!, { kind: 'slow', bytesPerSecond: SLOW_BYTES_PER_SECOND, ms: lastsMs }),
        );
      case 'link dropped':
        return this.#disturb(kind, worker, () => proxy.disturb(worker!, { kind: 'drop' }));
      case 'link half open':
        return this.#disturb(kind, worker, () => proxy.disturb(worker!, { kind: 'half-open' }));
      case 'coordinator killed':
        return isUp ? this.#endCoordinator(kind, 'SIGKILL') : undefined;
      case 'coordinator stopped':
        return isUp ? this.#stop(kind, undefined, lastsMs) : undefined;
      case 'coordinator told to stop':
        return isUp ? this.#endCoordinator(kind, 'SIGTERM') : undefined;
      default:
        kind satisfies never;
    }
  }

  #killWorker(kind: Kind, worker: string, lastsMs: number): void {
    const pid = this.#cast.pidOf(worker);
    if (pid === undefined) return;
    this.#cast.doom(worker);
    this.#note(kind, worker);
    signal(pid, 'SIGKILL');
    this.#later(sleep(lastsMs).then(() => this.#cast.addWorker()));
  }

  #dismiss(kind: Kind, worker: string): void {
    this.#note(kind, worker);
    const leaving = this.#cast.doom(worker);
    leaving.signal('SIGTERM');
    this.#later(leaving.ended().then(() => this.#cast.addWorker()));
  }

  #stop(kind: Kind, worker: string | undefined, lastsMs: number): void {
    const pid = this.#cast.pidOf(worker);
    if (pid === undefined) return;
    this.#note(kind, worker ?? COORDINATOR);
    signal(pid, 'SIGSTOP');
    this.#later(sleep(lastsMs).then(() => signal(pid, 'SIGCONT')));
  }

  #disturb(kind: Kind, worker: string | undefined, act: () => boolean): void {
    if (worker === undefined) return;
    const at = performance.now();
    if (act()) this.#note(kind, worker, at);
  }

  #endCoordinator(kind: Kind, how: 'SIGKILL' | 'SIGTERM'): void {
    const pid = this.#cast.pidOf();
    if (pid === undefined) return;
    const ending = this.#cast.doom();
    this.#note(kind, COORDINATOR);
    if (how === 'SIGKILL') signal(pid, how);
    else ending.signal(how);
    this.#later(ending.ended().then(() => this.#cast.startCoordinator()));
  }

  #note(kind: Kind, party: string, at = performance.now()): void {
    this.deeds.push({ kind, party, at });
    this.#say(`${kind}${party === COORDINATOR ? '' : `: ${party}`}`);
  }

  #later(work: Promise<unknown>): void {
    const tracked = work.finally(() => this.#pending.delete(tracked));
    this.#pending.add(tracked);
  }
}

/** A process that ended a moment ago is no error. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
