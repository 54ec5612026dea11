/**
 * What a peer may say: an answer to whatever it was asked, and a little besides.
 *
 * Invariants: an honest worker is never limited, however fast the run is, since what it says is asked for by leases, averages,
 * snapshots and pings; who was never leased anything sends nothing larger than a header, so memory for results is
 * set aside for workers only.
 */
import { alignedSubtrees } from '@gradcast/schedule';
import type { CoordinatorMessage, WorkerMessage } from '@gradcast/protocol';
import { RateBudget } from '../network/rate-budget.ts';

/**
 * Unasked for: a ready, a ping each five seconds of a long message, a stats, a resync, what a faulty link delivers twice. Well
 * under one a second.
 */
const UNASKED = { burst: 100, perSecond: 10 };

export class Allowance {
  readonly #owed = { result: 0, applied: 0, pong: 0 };
  readonly #unasked: RateBudget;
  #wasLeased = false;

  /** @param now monotonic milliseconds. */
  constructor(now: () => number) {
    this.#unasked = new RateBudget(UNASKED, now);
  }

  /** A message goes to the peer. */
  asks(message: CoordinatorMessage): void {
    switch (message.type) {
      case 'lease':
        this.#wasLeased = true;
        this.#owed.result += alignedSubtrees(message).length;
        return;
      case 'snapshot':
      case 'average':
        this.#owed.applied += 1;
        return;
      case 'ping':
        this.#owed.pong += 1;
        return;
      default:
      // Asks for nothing.
    }
  }

  /** A message came. @returns whether it was asked for, free, or among the few that were not. */
  says(type: WorkerMessage['type']): 'asked' | 'unasked' | 'too-much' {
    // One a connection.
    if (type === 'hello') return 'asked';
    if ((type === 'result' || type === 'applied' || type === 'pong') && this.#owed[type] > 0) {
      this.#owed[type] -= 1;
      return 'asked';
    }
    return this.#unasked.take('') === 0 ? 'unasked' : 'too-much';
  }

  /**
   * Whether a message larger than a header may come: a result that is owed, or one of a few that come twice, or, where it has
   * contributed before, of a lease of its last connection.
   */
  mayBeLarge(isProven: boolean): boolean {
    return (this.#wasLeased || isProven) && (this.#owed.result > 0 || this.#unasked.has(''));
  }
}
