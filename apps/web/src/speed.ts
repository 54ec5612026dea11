/**
 * How fast each worker was, second by second: images of a step are spread over the time that it took.
 *
 * Invariant: an hour is remembered, of at most so many workers, however fast steps follow each other.
 */
import type { ViewClosed } from '@gradcast/protocol';

/** `local-2` before `local-10`, as the table has them. */
const NAMES = new Intl.Collator('en', { numeric: true });
const MOST_SECONDS = 3600;
const MOST_NAMES = 256;
/** Longer than this between two steps is a pause, not work. */
const LONGEST_STEP = 120;

/** Steps that a point takes together at least. */
const STEPS_OF_POINT = 3;

/** Worker by worker, the same number of points as `times`. */
export interface SpeedSeries {
  /** Seconds since 1970. */
  readonly times: readonly number[];
  readonly workers: readonly { readonly name: string; readonly speeds: readonly number[] }[];
}

export class SpeedHistory {
  readonly #bySecond = new Map<number, Map<string, number>>();
  readonly #names = new Set<string>();
  #time = 0;
  #first = Infinity;
  /** Of the last steps, in seconds. */
  #usual = 0;

  /** @param microBatch images of a leaf. */
  add({ time, by }: ViewClosed, microBatch: number): void {
    // Known already. A step may come again: a run that was killed does some anew.
    if (time <= this.#time) return;
    // Nobody knows how long the first took.
    const seconds = this.#time > 0 ? Math.min(Math.max(time - this.#time, 0.001), LONGEST_STEP) : 0;
    this.#time = time;
    if (seconds === 0) return;
    this.#usual = this.#usual === 0 ? seconds : 0.9 * this.#usual + 0.1 * seconds;
    this.#first = Math.min(this.#first, time - seconds);
    for (const [worker, leaves] of by) this.#spread(worker, (leaves * microBatch) / seconds, [time - seconds, time]);
    while (this.#bySecond.size > MOST_SECONDS) this.#bySecond.delete(this.#bySecond.keys().next().value!);
  }

  /** The last so many seconds before a time, in at most so many points; those who did nothing in them are left out. */
  series(now: number, seconds: number, most: number): SpeedSeries {
    const end = Math.floor(Math.min(now, this.#time));
    const from = Math.max(Math.ceil(this.#first), end - seconds, ...this.#oldest());
    // A point that is shorter than a step would show steps, not speeds.
    const width = Math.max(1, Math.ceil((end - from) / most), Math.ceil(STEPS_OF_POINT * this.#usual));
    const times: number[] = [];
    const sums = new Map<string, number[]>();
    for (let start = from; start + width <= end; start += width) {
      for (let second = start; second < start + width; second++) {
        for (const [name, images] of this.#bySecond.get(second) ?? []) {
          let own = sums.get(name);
          if (!own) sums.set(name, (own = []));
          own[times.length] = (own[times.length] ?? 0) + images / width;
        }
      }
      times.push(start + width / 2);
    }
    const workers = [...this.#names].sort(NAMES.compare).flatMap((name) => {
      const own = sums.get(name);
      return own ? [{ name, speeds: times.map((_, i) => own[i] ?? 0) }] : [];
    });
    return { times, workers };
  }

  #oldest(): number[] {
    return [...this.#bySecond.keys()].slice(0, 1);
  }

  #spread(worker: string, perSecond: number, [from, to]: readonly [number, number]): void {
    if (!this.#names.has(worker) && this.#names.size >= MOST_NAMES) return;
    this.#names.add(worker);
    for (let second = Math.floor(from); second < to; second++) {
      let sums = this.#bySecond.get(second);
      if (!sums) this.#bySecond.set(second, (sums = new Map<string, number>()));
      const part = Math.min(to, second + 1) - Math.max(from, second);
      sums.set(worker, (sums.get(worker) ?? 0) + perSecond * part);
    }
  }
}
