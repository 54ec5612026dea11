export { CODECS } from './codecs.ts';
export type { CodecName } from './codecs.ts';
export { ProtocolError, REFUSALS } from './errors.ts';
export type { RefusalCode, Retry } from './errors.ts';
export { decodeFrame, encodeFrame, frameLimit, HEADER_LIMIT, payloadWithRoom, sealFrame } from './frame.ts';
export type { Frame } from './frame.ts';
export { decodeFromCoordinator, decodeFromWorker, PROTOCOL_VERSION } from './messages.ts';
export type { CoordinatorMessage, Message, MessageOf, Profile, Received, WorkerMessage } from './messages.ts';
export {
  leaseBytes,
  leaseParts,
  openEncoded,
  openLease,
  openNothing,
  openSnapshot,
  snapshotBytes,
} from './payloads.ts';
export type { LeaseContents, PayloadShape } from './payloads.ts';
export { LONGEST_RETRY_MS } from './timing.ts';
