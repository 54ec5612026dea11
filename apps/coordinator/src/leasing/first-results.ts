/**
 * Results of a run's first step, which has no earlier norms to be compared with: they wait until all leaves have come and
 * are then compared with each other. What is far larger than the smallest is computed once more, no worse.
 */
import type { Subtree } from '@gradcast/schedule';
import { NORM_FACTOR } from '@gradcast/optimizer';
import type { Party } from '../audit/audit.ts';

export interface FirstResult {
  readonly party: Party;
  readonly lease: number;
  readonly subtree: Subtree;
  readonly node: Uint8Array;
  /** Norm of the subtree's sum. */
  readonly norm: number;
}

export class FirstResults {
  readonly #tolerance: number;
  #waiting: FirstResult[] = [];
  /** Of all that came, those given up before too: a result computed again must not look small for want of others. */
  #smallest = Infinity;

  /** @param leaves M: the mean over more leaves has the smaller norm, down to the root of M times. */
  constructor(leaves: number) {
    this.#tolerance = NORM_FACTOR * Math.sqrt(leaves);
  }

  add(result: FirstResult): void {
    this.#waiting.push(result);
    this.#smallest = Math.min(this.#smallest, meanNorm(result));
  }

  /** How many wait. */
  get size(): number {
    return this.#waiting.length;
  }

  /** Whether a leaf's value waits here. */
  holds(leaf: number): boolean {
    return this.#waiting.some(({ subtree: { start, size } }) => leaf >= start && leaf < start + size);
  }

  /** Gives everything up: results of a usual size, and those far larger than the smallest. */
  compare(): { readonly sound: readonly FirstResult[]; readonly outlying: readonly FirstResult[] } {
    const waiting = this.#waiting;
    this.#waiting = [];
    const limit = this.#tolerance * this.#smallest;
    const isSound = (result: FirstResult) => limit === 0 || meanNorm(result) <= limit;
    return { sound: waiting.filter(isSound), outlying: waiting.filter((result) => !isSound(result)) };
  }
}

function meanNorm({ norm, subtree }: FirstResult): number {
  return norm / subtree.size;
}
