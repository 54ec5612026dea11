/** What can be wrong with a data set; stable, each has a sentence that names the file. `docs/data.md` lists them. */
export const DATASET_CODES = [
  'data-missing',
  'data-ambiguous',
  'data-checksum',
  'data-unreadable',
  'data-changed',
  'data-link',
  'data-name',
  'data-large',
  'data-space',
  'data-mismatch',
  'data-label',
  'data-value',
  'data-dtype',
  'data-shape',
  'data-unlabelled',
  'data-classes',
  'idx-magic',
  'idx-count',
  'idx-truncated',
  'idx-gzip',
  'npy-magic',
  'npy-header',
  'npy-dtype',
  'npy-order',
  'npy-shape',
  'npy-count',
  'npy-truncated',
  'png-damaged',
  'png-kind',
  'png-shape',
  'png-name',
] as const;

export type DatasetErrorCode = (typeof DATASET_CODES)[number];

/** A data set that cannot be used. `message` is one sentence for a user. */
export class DatasetError extends Error {
  override readonly name = 'DatasetError';
  readonly code: DatasetErrorCode;

  constructor(code: DatasetErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
