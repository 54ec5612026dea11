/** How large a coordinator's messages may be, known before it says what it trains. */
import { optimizerOf } from '@gradcast/optimizer';
import { frameLimit, leaseBytes, snapshotBytes } from '@gradcast/protocol';
import { fieldShapes } from '@gradcast/task';
import type { Task } from '@gradcast/task';
import { builtinTasks } from '@gradcast/tasks';

/**
 * Micro-batches times their samples in one lease are bounded by the data set, which is bounded by what a lease of all
 * 60,000 MNIST images and their noise needs.
 */
const LARGEST_LEASE_BYTES = 65_536 * (784 + 4 * 256);
/** Samples of a lease, all of a large data set. */
const LARGEST_LEASE_SAMPLES = 65_536;

/** Bytes of the largest legal frame to a worker of any task of this build, or of the user's own. */
export function largestFrameToWorker(own?: Task): number {
  const tasks: readonly Task[] = own ? [...builtinTasks, own] : builtinTasks;
  const snapshots = tasks.map(({ parameters, optimizer }) =>
    snapshotBytes({ parameters: parameters.length, slots: optimizerOf(optimizer).slots.length }),
  );
  const lease = own ? leaseBytes({ fields: fieldShapes(own.fields), microBatchSize: 1 }, LARGEST_LEASE_SAMPLES) : 0;
  return frameLimit(Math.max(LARGEST_LEASE_BYTES, lease, ...snapshots));
}
