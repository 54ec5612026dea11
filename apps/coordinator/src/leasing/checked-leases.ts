/**
 * What a volunteer's lease takes is known once its results were checked: checking is work, too, and its leaves are worth as
 * much less to the step. Counted so, shares find by themselves how many leaves of volunteers a run can afford to check.
 */
import type { Lease, Subtree } from '@gradcast/schedule';

export class CheckedLeases {
  /** Answered leases of which something waits for its check, by worker. */
  readonly #waiting = new Map<string, Lease[]>();

  /** All of a lease has come, and some of it is held. */
  waits(lease: Lease): void {
    const leases = this.#waiting.get(lease.worker);
    if (leases) leases.push(lease);
    else this.#waiting.set(lease.worker, [lease]);
  }

  /**
   * A check is over.
   *
   * @param isHeld whether a leaf waits still.
   * @returns the lease, if nothing of it does.
   */
  over(worker: string, { start }: Subtree, isHeld: (leaf: number) => boolean): Lease | undefined {
    const leases = this.#waiting.get(worker) ?? [];
    const lease = leases.find(({ range: { first, count } }) => start >= first && start < first + count);
    if (!lease || isHeldAny(lease, isHeld)) return undefined;
    const others = leases.filter((other) => other !== lease);
    if (others.length > 0) this.#waiting.set(worker, others);
    else this.#waiting.delete(worker);
    return lease;
  }

  forget(worker: string): void {
    this.#waiting.delete(worker);
  }

  /** A step opens: whatever waited was of one before it. */
  clear(): void {
    this.#waiting.clear();
  }
}

/** Whether something of a lease waits for its check. */
export function isHeldAny({ range: { first, count } }: Lease, isHeld: (leaf: number) => boolean): boolean {
  for (let leaf = first; leaf < first + count; leaf++) if (isHeld(leaf)) return true;
  return false;
}
