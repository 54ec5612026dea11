/** What can be wrong with a data set; stable, each has a sentence that names the file. */
export type DatasetErrorCode =
  | 'data-missing'
  | 'data-checksum'
  | 'idx-magic'
  | 'idx-shape'
  | 'idx-count'
  | 'idx-truncated'
  | 'idx-gzip'
  | 'idx-large'
  | 'idx-mismatch';

/** A data set that cannot be used. `message` is one sentence for a user. */
export class DatasetError extends Error {
  override readonly name = 'DatasetError';
  readonly code: DatasetErrorCode;

  constructor(code: DatasetErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
