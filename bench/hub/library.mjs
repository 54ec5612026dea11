/** What the canned workers use of the library, bundled once for all processes of the benchmark. */
export { resolveCoordinator } from '@gradcast/config';
export { alignedSubtrees } from '@gradcast/ledger';
export { buildModel, presets } from '@gradcast/model';
export { TrainingState } from '@gradcast/optimizer';
export {
  decodeFromCoordinator,
  encodeFrame,
  leaseBytes,
  openLease,
  openSnapshot,
  PROTOCOL_VERSION,
} from '@gradcast/protocol';
export { selectKernels } from '@gradcast/vector';
// The very socket of a worker: its masks, its limits, its options.
export { connect } from '../../apps/worker/src/connect.ts';
