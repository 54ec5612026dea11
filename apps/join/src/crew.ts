/**
 * All compute workers of this device: as many as the visitor wants, each within its share of a core, and where they stand
 * together.
 *
 * Invariant: nothing is loaded and nobody is told of this device before {@link Crew.start}.
 */
import type { Settings, Stage } from './messages.ts';
import type { Member, MemberState } from './member.ts';

export type CrewMember = Pick<Member, 'state' | 'session' | 'start' | 'pause' | 'end' | 'limit' | 'hurry'>;

export interface CrewOptions {
  /** Makes a worker that is started later; nothing of it is loaded yet. */
  readonly createMember: (name: string, gpu: boolean) => CrewMember;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Milliseconds since anything was computed. */
  readonly idleMs: () => number;
}

/** Without a leaf for so long a member counts as waiting: one at a small share of a slow core takes as long for a leaf. */
const IDLE_MS = 15_000;
/** From the welcome to the first leaf: a probe, and a snapshot of megabytes. */
const ARRIVING_MS = 20_000;

export class Crew {
  readonly #options: CrewOptions;
  #members: CrewMember[] = [];
  #settings: Settings | undefined;
  /** What the visitor wants now. */
  #wish: 'nothing' | 'work' | 'pause' = 'nothing';
  /** Pauses and goodbyes that still go on. */
  #leaving = 0;
  #end: Extract<Stage, { name: 'ended' }> | undefined;
  #made = 0;

  constructor(options: CrewOptions) {
    this.#options = options;
  }

  get members(): readonly CrewMember[] {
    return this.#members;
  }

  /** The visitor agreed, or goes on. */
  start(settings: Settings): void {
    this.#wish = 'work';
    this.#end = undefined;
    this.change(settings);
    for (const member of this.#members) member.start();
  }

  /** Takes effect at once. */
  change(settings: Settings): void {
    const former = this.#settings;
    this.#settings = settings;
    if (this.#wish === 'nothing') return;
    if (former && former.gpu !== settings.gpu) this.#dismiss(this.#members.splice(0));
    // One graphics processor is no faster for two.
    const wanted = settings.gpu ? 1 : settings.workers;
    this.#dismiss(this.#members.splice(wanted));
    while (this.#members.length < wanted) {
      this.#made += 1;
      const name = this.#made === 1 ? 'tab' : `tab-${this.#made}`;
      const member = this.#options.createMember(name, settings.gpu);
      this.#members.push(member);
      if (this.#wish === 'work') member.start();
    }
    for (const member of this.#members) member.limit(settings.share);
  }

  /** Stops computing within seconds; what is loaded stays. */
  pause(): void {
    if (this.#wish !== 'work') return;
    this.#wish = 'pause';
    for (const member of this.#members) this.#goodbye(member.pause());
  }

  /** Stops, and forgets everything. */
  leave(): void {
    this.#wish = 'nothing';
    this.#end = undefined;
    this.#dismiss(this.#members.splice(0));
  }

  hurry(): void {
    for (const member of this.#members) member.hurry();
  }

  /** Where they stand together; what one of them cannot go on with, none does. */
  get stage(): Stage {
    this.#settle();
    if (this.#end) return this.#end;
    if (this.#wish !== 'work') {
      if (this.#leaving > 0) return { name: 'pausing' };
      return { name: this.#wish === 'pause' ? 'paused' : 'idle' };
    }
    const states = this.#members.map(({ state }) => state);
    const members = states.filter((state) => state.name === 'member');
    if (members.length > 0) return this.#stageOf(members);
    const lost = states.find((state) => state.name === 'retrying');
    if (lost) return { name: 'retrying', sentence: lost.sentence };
    return { name: states.some(({ name }) => name === 'joining') ? 'joining' : 'loading' };
  }

  #stageOf(members: readonly Extract<MemberState, { name: 'member' }>[]): Stage {
    const { now, idleMs } = this.#options;
    const lost = members.find((member) => member.lost !== undefined)?.lost;
    if (lost !== undefined) return { name: 'recovering', sentence: lost };
    if (idleMs() < IDLE_MS) return { name: 'working' };
    const works = members.map(({ work }) => work);
    if (works.includes('stopping')) return { name: 'waiting', why: 'run-stopping' };
    if (works.includes('paused')) return { name: 'waiting', why: 'run-paused' };
    if (!works.includes('running')) return { name: 'waiting', why: 'parked' };
    const newest = Math.max(...members.map(({ since }) => since));
    return now() - newest < ARRIVING_MS ? { name: 'joining' } : { name: 'waiting', why: 'nothing' };
  }

  /** The first end of a member is that of all. */
  #settle(): void {
    if (this.#end || this.#wish === 'nothing') return;
    const over = this.#members.map(({ state }) => state).find((state) => state.name === 'over');
    if (!over) return;
    this.#end = { name: 'ended', how: over.how, sentence: over.sentence };
    this.#wish = 'nothing';
    this.#dismiss(this.#members.splice(0));
  }

  #dismiss(members: readonly CrewMember[]): void {
    for (const member of members) this.#goodbye(member.end());
  }

  #goodbye(over: Promise<void>): void {
    this.#leaving += 1;
    void over.finally(() => (this.#leaving -= 1));
  }
}
