/** How large a coordinator's messages may be, known before it says which preset it trains. */
import { buildModel, presets } from '@gradcast/model';
import { frameLimit, snapshotBytes } from '@gradcast/protocol';

/**
 * Micro-batches times their samples in one lease are bounded by the data set, which is bounded by what a lease of all
 * 60,000 MNIST images and their noise needs.
 */
const LARGEST_LEASE_BYTES = 65_536 * (784 + 4 * 256);

/** Bytes of the largest legal frame to a worker of any preset of this build. */
export function largestFrameToWorker(): number {
  const snapshots = Object.values(presets).map((preset) => snapshotBytes(buildModel(preset).parameters.length));
  return frameLimit(Math.max(LARGEST_LEASE_BYTES, ...snapshots));
}
