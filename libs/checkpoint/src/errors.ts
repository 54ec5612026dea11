/** What can be wrong with a checkpoint; each has a sentence that names the file. */
export type CheckpointErrorCode =
  | 'checkpoint-missing'
  | 'checkpoint-truncated'
  | 'checkpoint-corrupt'
  | 'checkpoint-format'
  | 'checkpoint-write'
  | 'checkpoint-busy';

/** A checkpoint that cannot be read or written. `message` is one sentence for a user. */
export class CheckpointError extends Error {
  override readonly name = 'CheckpointError';
  readonly code: CheckpointErrorCode;

  constructor(code: CheckpointErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** What can be wrong with a run folder. */
export type RunErrorCode = 'out-not-a-folder' | 'out-not-writable' | 'run-locked' | 'run-missing' | 'run-corrupt';

/** A run folder that cannot be used. `message` is one sentence for a user. */
export class RunError extends Error {
  override readonly name = 'RunError';
  readonly code: RunErrorCode;
  /** 2 where the command line named the wrong place, 1 where the place is right but cannot be used now. */
  readonly exitCode: 1 | 2;

  constructor(code: RunErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.exitCode = code === 'run-locked' || code === 'run-corrupt' ? 1 : 2;
  }
}

/**
 * What can be wrong with a ledger: it is not there; its chain is broken; steps have no line; lines contradict each other;
 * or it contradicts the run's other files.
 */
export type LedgerErrorCode = 'ledger-missing' | 'ledger-damaged' | 'ledger-gap' | 'ledger-order' | 'ledger-mismatch';

/** Where in a ledger the first difference is. */
export interface LedgerPlace extends ErrorOptions {
  /** Counted from 1. */
  readonly line?: number | undefined;
  readonly field?: string | undefined;
}

/** A ledger that proves nothing. `message` is one sentence for a user and names the line. */
export class LedgerError extends Error {
  override readonly name = 'LedgerError';
  readonly code: LedgerErrorCode;
  readonly line: number | undefined;
  readonly field: string | undefined;

  constructor(code: LedgerErrorCode, message: string, place: LedgerPlace = {}) {
    super(message, place);
    this.code = code;
    this.line = place.line;
    this.field = place.field;
  }
}

/** The system's code of a failed file operation, such as `ENOSPC`. */
export function systemCode(error: unknown): string {
  return (error as NodeJS.ErrnoException | undefined)?.code ?? 'unknown error';
}
