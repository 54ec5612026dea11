/** A model cannot be written in a format. `message` is one sentence for a user. */
export class ExportError extends Error {
  override readonly name = 'ExportError';
  readonly code = 'cannot-export';
  readonly exitCode = 1;
}
