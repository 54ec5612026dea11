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
