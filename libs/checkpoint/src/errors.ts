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
