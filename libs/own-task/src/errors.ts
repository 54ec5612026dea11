/** Why a task file cannot be used. */
export type OwnTaskErrorCode =
  /** It is not there, or cannot be read. */
  | 'task-missing'
  /** It is no TypeScript or JavaScript. */
  | 'task-syntax'
  /** It imports what the other side of a connection could not have. */
  | 'task-import'
  /** It fails when it is run, or exports no task. */
  | 'task-invalid'
  /** It is another one than the run's. */
  | 'task-differs';

/** `message` is one sentence for a user. */
export class OwnTaskError extends Error {
  override readonly name = 'OwnTaskError';
  readonly code: OwnTaskErrorCode;
  readonly exitCode = 2;

  constructor(code: OwnTaskErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
