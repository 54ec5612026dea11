/**
 * Runs a plan on the leaves of a subtree and adds them on the device.
 *
 * A leaf is uploaded and encoded while the one before it computes; the queue keeps them in order, so both use the same memory. No more
 * than that is ahead: what the device was given cannot be taken back when the sum is not wanted any more.
 */
import type { MicroBatch, SubtreeLeaves } from '@gradcast/task';
import type { DevicePlan, RunCounts } from './device-plan.ts';
import type { DeviceSum } from './device-sum.ts';

export interface SubtreeRun {
  readonly plan: DevicePlan;
  readonly sum: DeviceSum;
  readonly leaves: SubtreeLeaves;
  /** Throws for a micro-batch that the plan cannot take. */
  readonly requireBatch: (batch: MicroBatch) => void;
}

/**
 * @returns the sum of the plan's results, flags among them: they are never negative, so one that is not zero is not zero in the sum.
 *   Undefined if a leaf was not wanted any more.
 * @throws BackendError `webgpu-device-lost`.
 */
export async function runSubtree({ plan, sum, leaves, requireBatch }: SubtreeRun): Promise<Float32Array | undefined> {
  let over = false;
  const computed = async (leaf: number) => {
    await plan.finished();
    if (!over) leaves.computed(leaf);
  };
  let before = Promise.resolve();
  let last = before;
  try {
    for (let leaf = 0; leaf < leaves.count; leaf++) {
      await (leaves.ahead ? before : last);
      const batch = await leaves.next(leaf);
      if (!batch) return undefined;
      requireBatch(batch);
      const isLast = leaf === leaves.count - 1;
      plan.submit(batch, (encoder) => {
        sum.encode(encoder, leaf);
        if (isLast) plan.encodeReadBack(encoder, sum.total);
      });
      before = last;
      if (isLast) break;
      last = computed(leaf);
      // Looked at later, and not at all if another fails first.
      last.catch(() => undefined);
    }
    await before;
    const result = await plan.read();
    leaves.computed(leaves.count - 1);
    return result;
  } finally {
    over = true;
  }
}

/** What a subtree of so many leaves asks of the device, by what one of them does. */
export function subtreeCounts({ dispatches, uploads, submits, readBacks }: RunCounts, leaves: number): RunCounts {
  // A tree of n leaves has n - 1 sums.
  return {
    dispatches: leaves * dispatches + leaves - 1,
    uploads: leaves * uploads,
    submits: leaves * submits,
    readBacks,
  };
}
