/**
 * What a closed step tells metrics, metrics.jsonl and the progress line.
 */
import { performance } from 'node:perf_hooks';
import type { AverageNorms } from '@gradcast/reduction';
import type { Fingerprint } from '@gradcast/vector';
import type { LeaseRecord, SubtreeRecord } from '../events.ts';
import type { StepAccount } from './step-accounts.ts';

/** What the coordinator does in a round, one after the other. */
export const STAGES = ['lease', 'gather', 'reduce', 'broadcast', 'optimizer'] as const;
export type StageName = (typeof STAGES)[number];

/** A round as the coordinator saw it; a step may be open before its round begins. */
export interface StepTimings {
  readonly totalMs: number;
  readonly stages: Partial<Record<StageName, number>>;
}

/** A step that closed, applied or skipped: what the ledger needs. */
export interface ClosedRecord {
  /** The version it led to. */
  readonly version: number;
  /** Images of the step, B. */
  readonly samples: number;
  /** Fingerprint of the averaged gradient as it was broadcast; null if the step was skipped. */
  readonly averageFingerprint: Fingerprint | null;
  /** The results that came in, used or not. */
  readonly history: readonly SubtreeRecord[];
  /** What became of each lease. */
  readonly leases: readonly LeaseRecord[];
  readonly timings: StepTimings;
  /** Where its time went. */
  readonly account: StepAccount;
  /** Whether no worker's value was replaced by the arbiter's of another numeric profile. */
  readonly exact: boolean;
}

/** A step that was applied, and what it measured. */
export interface StepRecord extends ClosedRecord {
  /** Mean tail. */
  readonly tail: Float32Array;
  /** Of the mean gradient before it was clipped. */
  readonly norms: AverageNorms;
  /** With which it was taken. */
  readonly learningRate: number;
  /** The norm was so large that the running mean of the norms was told less. */
  readonly normClipped: boolean;
}

/** Cuts the time of a round into its stages. */
export class StageTimer {
  readonly #now: () => number;
  readonly #start: number;
  #last: number;
  readonly #stages: Partial<Record<StageName, number>> = {};
  readonly #ends: Partial<Record<StageName, number>> = {};

  /** @param now monotonic milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#start = this.#last = now();
  }

  /** The stage that began at the last mark ends now. */
  mark(stage: StageName): void {
    const now = this.#now();
    this.#stages[stage] = now - this.#last;
    this.#last = this.#ends[stage] = now;
  }

  /** When a stage ended; if there was none, when the last before it did. */
  endOf(stage: StageName): number {
    const known = STAGES.slice(0, STAGES.indexOf(stage) + 1).findLast((name) => this.#ends[name] !== undefined);
    return known === undefined ? this.#start : this.#ends[known]!;
  }

  done(): StepTimings {
    return { totalMs: this.#last - this.#start, stages: this.#stages };
  }
}

/** Images per second since the end of the first step, which includes start-up, and over a recent window. */
export class Throughput {
  readonly #now: () => number;
  readonly #window: { readonly at: number; readonly images: number }[] = [];
  #images = 0;
  #from: { at: number; images: number } | undefined;
  #last = 0;
  #first: { readonly images: number; readonly busyMs: number } | undefined;

  /** @param now monotonic milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * A step of so many images closed.
   *
   * @param busyMs how long it was computed, without what was waited before the first lease: all that tells of the speed
   *   until a second step closes.
   */
  closed(images: number, busyMs = 0): void {
    this.#first ??= { images, busyMs };
    this.#images += images;
    this.#last = this.#now();
    const point = { at: this.#last, images: this.#images };
    this.#from ??= point;
    this.#window.push(point);
    while (this.#window.length > 2 && this.#window[0].at < this.#last - WINDOW_MS) this.#window.shift();
  }

  /** Nothing was computed for so long because the run was paused: that tells nothing of its speed. */
  postpone(byMs: number): void {
    if (this.#from) this.#from = { ...this.#from, at: this.#from.at + byMs };
    this.#window.forEach(({ at, images }, i) => (this.#window[i] = { at: at + byMs, images }));
    this.#last += byMs;
  }

  /** Seconds and images after the first step. */
  get measured(): { seconds: number; images: number } {
    if (!this.#from) return { seconds: 0, images: 0 };
    return { seconds: (this.#last - this.#from.at) / 1000, images: this.#images - this.#from.images };
  }

  /** Images per second of the whole run, the first step left out; 0 with fewer than two steps. */
  get overall(): number {
    const { seconds, images } = this.measured;
    return seconds > 0 ? images / seconds : 0;
  }

  /** Images per second of the last seconds; of the first step while there is no other. */
  get recent(): number {
    const first = this.#window.at(0);
    const last = this.#window.at(-1);
    if (!first || !last || last.at <= first.at) {
      const { images = 0, busyMs = 0 } = this.#first ?? {};
      return busyMs > 0 ? (images * 1000) / busyMs : 0;
    }
    return ((last.images - first.images) * 1000) / (last.at - first.at);
  }
}

const WINDOW_MS = 5_000;
