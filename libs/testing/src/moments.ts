/** What a proxy saw, in order, each with its time; tests wait for moments and measure between them. */
import { performance } from 'node:perf_hooks';
import type { PlannedFault } from './fault.ts';
import { PATIENCE_SECONDS } from './patience.ts';

/** Something that went by, or was done. */
export type Event =
  /** A worker stands at the door; its name is not known yet. */
  | { readonly kind: 'knocked' }
  | { readonly kind: 'joined'; readonly worker: string }
  /** A lease of leaves `first` to `first + count - 1` of a step, counted from 1. */
  | {
      readonly kind: 'leased';
      readonly worker: string;
      readonly step: number;
      readonly first: number;
      readonly count: number;
    }
  | {
      readonly kind: 'result';
      readonly worker: string;
      readonly step: number;
      readonly first: number;
      readonly count: number;
    }
  /** The step is closed: its average is on the way to a worker. */
  | { readonly kind: 'average'; readonly worker: string; readonly step: number }
  | { readonly kind: 'gone'; readonly worker: string }
  | { readonly kind: 'checkpoint'; readonly step: number }
  | { readonly kind: 'fault'; readonly fault: PlannedFault };

/** An event and when it was: monotonic milliseconds. */
export type Moment = Event & { readonly at: number };

export class Moments {
  readonly #all: Moment[] = [];
  readonly #watchers = new Set<(moment: Moment) => void>();

  /** Everything so far. */
  get all(): readonly Moment[] {
    return this.#all;
  }

  add(event: Event): void {
    const moment: Moment = { ...event, at: performance.now() };
    this.#all.push(moment);
    for (const watcher of [...this.#watchers]) watcher(moment);
  }

  /**
   * The first moment, past or to come, that fits.
   *
   * @throws Error if none comes within `seconds`.
   */
  until(what: string, fits: (moment: Moment) => boolean, seconds = PATIENCE_SECONDS): Promise<Moment> {
    const past = this.#all.find(fits);
    if (past) return Promise.resolve(past);
    return new Promise((resolve, reject) => {
      const watcher = (moment: Moment) => {
        if (!fits(moment)) return;
        clearTimeout(timer);
        this.#watchers.delete(watcher);
        resolve(moment);
      };
      const timer = setTimeout(() => {
        this.#watchers.delete(watcher);
        const last = this.#all.slice(-10).map((moment) => JSON.stringify(moment));
        reject(new Error(`waited ${seconds} s in vain for ${what}; last seen: ${last.join(' ')}`));
      }, seconds * 1000);
      this.#watchers.add(watcher);
    });
  }
}
