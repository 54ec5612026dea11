/**
 * When things happened in a run, as `events.jsonl` has it: seconds in which somebody had the run open, so that a night between a
 * stop and a resume takes no room.
 *
 * Invariant: however long a run is, what is kept of its times is bounded.
 */
import type { LoggedEvent } from '@gradcast/watching';

/** Steps, or groups of as many, whose end is kept. */
const MOST_ENDS = 2 ** 15;
/** Breaks that are left out of the run's time; those after them take room. */
const MOST_BREAKS = 256;

export interface Break {
  /** Seconds of the run's time at which it was taken up again. */
  readonly at: number;
  /** Seconds for which nobody had it open. */
  readonly seconds: number;
}

/** A group of neighbouring steps. */
interface StepEnd {
  /** Run time at which the last of them closed. */
  end: number;
  seconds: number;
  steps: number;
}

export class RunTime {
  #first: number | undefined;
  #last = 0;
  #left = 0;
  #isOpen = false;
  readonly #breaks: Break[] = [];
  readonly #ends = new Map<number, StepEnd>();
  /** Steps of a group. */
  #stride = 1;

  /** Takes the next event of the file. */
  add(event: LoggedEvent): void {
    const { time } = event;
    this.#first ??= time;
    // A clock that was set back is taken to have stood still.
    const before = Math.max(this.#last, this.#first);
    this.#last = Math.max(before, time);
    if (isStart(event)) {
      if (this.#isOpen && this.#breaks.length < MOST_BREAKS) {
        const seconds = this.#last - before;
        // By the same sums as in `RunTimes`, to the last bit.
        this.#breaks.push({ at: before - this.#first - this.#left, seconds });
        this.#left += seconds;
      }
      this.#isOpen = true;
    }
    if (event.type === 'step-closed') this.#closed(event['step'], event['seconds']);
  }

  /** Seconds since 1970 of the first event; undefined if there is none. */
  get began(): number | undefined {
    return this.#first;
  }

  /** Seconds in which the run was open, up to the last event so far. */
  get seconds(): number {
    return this.#first === undefined ? 0 : this.#last - this.#first - this.#left;
  }

  get breaks(): readonly Break[] {
    return this.#breaks;
  }

  /** When a step closed for the last time, in the run's time, and how long it took; for a long run as its neighbours did. */
  stepEnd(step: number): { readonly end: number; readonly seconds: number } | undefined {
    const found = this.#ends.get(Math.floor(step / this.#stride));
    return found && { end: found.end, seconds: found.seconds / found.steps };
  }

  #closed(step: unknown, seconds: unknown): void {
    if (typeof step !== 'number' || !Number.isSafeInteger(step) || step < 1) return;
    const took = typeof seconds === 'number' && seconds >= 0 && Number.isFinite(seconds) ? seconds : 0;
    const key = Math.floor(step / this.#stride);
    const group = this.#ends.get(key);
    // A step that was done again: only the last time counts where steps are kept one by one.
    if (group && this.#stride > 1) Object.assign(group, joined(group, { end: this.seconds, seconds: took, steps: 1 }));
    else this.#ends.set(key, { end: this.seconds, seconds: took, steps: 1 });
    if (this.#ends.size > MOST_ENDS) this.#thinOut();
  }

  #thinOut(): void {
    const groups = [...this.#ends];
    this.#ends.clear();
    this.#stride *= 2;
    for (const [key, group] of groups) {
      const other = this.#ends.get(key >> 1);
      this.#ends.set(key >> 1, other ? joined(other, group) : group);
    }
  }
}

function joined(a: StepEnd, b: StepEnd): StepEnd {
  return { end: Math.max(a.end, b.end), seconds: a.seconds + b.seconds, steps: a.steps + b.steps };
}

/** Whether a coordinator has taken the run up, or begun it. */
export function isStart({ type, from, to }: LoggedEvent): boolean {
  return type === 'state' && from === 'setting-up' && to !== 'setting-up';
}

/**
 * The same events once more, each with its place in the run's time. Only one that is asked about them in their order is right.
 */
export class RunTimes {
  #last: number;
  #left = 0;
  #next = 0;
  readonly #first: number;
  readonly #breaks: readonly Break[];

  constructor({ began = 0, breaks }: Pick<RunTime, 'began' | 'breaks'>) {
    this.#first = began;
    this.#last = began;
    this.#breaks = breaks;
  }

  /** Seconds of the run's time. */
  of(event: LoggedEvent): number {
    const before = this.#last;
    this.#last = Math.max(before, event.time);
    const next = this.#breaks.at(this.#next);
    if (next && isStart(event) && before - this.#first - this.#left === next.at) {
      this.#left += next.seconds;
      this.#next++;
    }
    return this.#last - this.#first - this.#left;
  }
}
