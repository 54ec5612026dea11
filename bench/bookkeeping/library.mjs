/** What the benchmark uses of the coordinator, bundled once from its sources. */
export { alignedSubtrees } from '@gradcast/schedule';
export { decodeFromCoordinator, encodeFrame, PROTOCOL_VERSION } from '@gradcast/protocol';
export { createCodec } from '@gradcast/reduction';
export { referenceKernels } from '@gradcast/vector';
export { Fleet } from '../../apps/coordinator/src/run/fleet.ts';
export { auditPicks } from '../../apps/coordinator/src/audit/audit-picks.ts';
