export { readCheckpoint, writeCheckpoint } from './checkpoint.ts';
export type { Checkpoint, CheckpointInfo, WrittenCheckpoint } from './checkpoint.ts';
export { Checkpoints, loadCheckpoint } from './checkpoints.ts';
export type { ListedCheckpoint, LoadedCheckpoint } from './checkpoints.ts';
export { CheckpointError, LedgerError, RunError } from './errors.ts';
export type { CheckpointErrorCode, LedgerErrorCode, RunErrorCode } from './errors.ts';
export { proveLedger } from './ledger-proof.ts';
export type { LedgerProof, ProvenLedger } from './ledger-proof.ts';
export type { AbandonedSteps, StepBefore } from './ledger-abandoned.ts';
export { LEDGER } from './ledger-parts.ts';
export type { LedgerPlace } from './ledger-parts.ts';
export { ledgerLines, openLedger, readLedger } from './ledger-reader.ts';
export type { KnownPlace, Ledger, LedgerEnd, PlacedLine } from './ledger-reader.ts';
export { DEFINITION_FIELDS, firstDifference, LEDGER_FORMAT, REPEATED_FIELDS } from './ledger-record.ts';
export type {
  HeaderLine,
  LedgerDefinition,
  LedgerPosition,
  LedgerResult,
  RepeatedField,
  StepLine,
} from './ledger-record.ts';
export { assertLedgerAt, rewindLedger } from './ledger-rewind.ts';
export { LedgerWriter } from './ledger-writer.ts';
export type { LineFileEvents, LineTarget } from './line-file.ts';
export type { Dtype, StoredTensor } from './safetensors.ts';
export { CheckpointWriter } from './writer.ts';
export type { CheckpointWriterOptions, WriterThread } from './writer.ts';
export { serveCheckpointWriter } from './writer-thread.ts';
export type { WriterPort } from './writer-thread.ts';
export type { SavedCheckpoint, SaveReply, SaveRequest } from './writer-messages.ts';
export { MetricsLog } from './metrics-log.ts';
export { assertResumable, listRuns, readRun, RunFolder } from './run-folder.ts';
export type { CreateRunOptions, ListedRun } from './run-folder.ts';
export type { ProcessIdentity, ProcessTable } from './processes.ts';
export { writeAtomically } from './atomic.ts';
