export { CODECS } from '@gradcast/definition';
export type { CodecName } from '@gradcast/definition';
export { ProtocolError, REFUSALS } from './errors.ts';
export type { RefusalCode, Retry } from './errors.ts';
export { decodeFrame, encodeFrame, frameLimit, HEADER_LIMIT, payloadWithRoom, sealFrame } from './frame.ts';
export type { Frame } from './frame.ts';
export type { JoinFacts, OwnLeaves } from './join-facts.ts';
export { isLoopback } from './loopback.ts';
export {
  ARITHMETIC_VERSION,
  decodeFromCoordinator,
  decodeFromWorker,
  PROTOCOL_VERSION,
  TOLD_STATES,
  TUNING_DIGITS,
  refusal,
} from './messages.ts';
export type { CoordinatorMessage, Message, MessageOf, Received, WorkerMessage } from './messages.ts';
export {
  leaseBytes,
  leaseParts,
  openEncoded,
  openLease,
  openNothing,
  openSnapshot,
  snapshotBytes,
} from './payloads.ts';
export type { PayloadShape } from './payloads.ts';
export { probeOf, profileDifference, profileKey, profileOf, renewedKey } from './profile.ts';
export type { Profile, TextDigest } from './profile.ts';
export { codeOf, isPrintable, labelOf, NAME, NAME_LIMIT, printable, sentenceOf, workerName } from './text.ts';
export { HEARTBEAT_MS, LONGEST_RETRY_MS, showRate } from './timing.ts';
export type {
  ViewActed,
  ViewClosed,
  ViewCurve,
  ViewEvent,
  ViewFile,
  ViewLease,
  ViewLeaseState,
  ViewNow,
  ViewOpened,
  ViewPhases,
  ViewSnapshot,
  ViewStep,
  ViewWorker,
  ViewYou,
} from './view-facts.ts';
