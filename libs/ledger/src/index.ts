export type { AbandonedSteps, StepBefore } from './abandoned.ts';
export { LedgerError } from './errors.ts';
export type { LedgerErrorCode } from './errors.ts';
export { LEDGER, sealedParts } from './parts.ts';
export type { LedgerPart, LedgerPlace } from './parts.ts';
export { proveLedger } from './proof.ts';
export type { LedgerProof, ProvenLedger } from './proof.ts';
export { ledgerLines, openLedger, readLedger } from './reader.ts';
export type { KnownPlace, Ledger, LedgerEnd, PlacedLine } from './reader.ts';
export { firstDifference, LEDGER_FORMAT, REPEATED_FIELDS } from './record.ts';
export type {
  DistrustedLine,
  EvaluatedLine,
  HeaderLine,
  LedgerPosition,
  LedgerResult,
  RepeatedField,
  StepLine,
} from './record.ts';
export { assertLedgerAt, rewindLedger } from './rewind.ts';
export { LedgerWriter } from './writer.ts';
