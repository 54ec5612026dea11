/** How large a coordinator's messages may be, known before it says what it trains. */
import { optimizerOf } from '@gradcast/optimizer';
import { frameLimit, snapshotBytes } from '@gradcast/protocol';
import { builtinTasks } from '@gradcast/tasks';

/**
 * Micro-batches times their samples in one lease are bounded by the data set, which is bounded by what a lease of all
 * 60,000 MNIST images and their noise needs.
 */
const LARGEST_LEASE_BYTES = 65_536 * (784 + 4 * 256);

/** Bytes of the largest legal frame to a worker of any task of this build. */
export function largestFrameToWorker(): number {
  const snapshots = builtinTasks.map(({ parameters, optimizer }) =>
    snapshotBytes({ parameters: parameters.length, slots: optimizerOf(optimizer).slots.length }),
  );
  return frameLimit(Math.max(LARGEST_LEASE_BYTES, ...snapshots));
}
