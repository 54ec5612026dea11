/** What the benchmark uses of the library, bundled once for all its processes. */
export { resolveCoordinator } from '@gradcast/config';
export { alignedSubtrees } from '@gradcast/schedule';
export { buildModel, presets } from '@gradcast/model';
export { TrainingState } from '@gradcast/optimizer';
export * from '@gradcast/protocol';
export * from '@gradcast/reduction';
export { selectKernels } from '@gradcast/vector';
// The very socket of a worker: its masks, its limits, its options.
export { connect } from '../../apps/worker/src/connect.ts';
