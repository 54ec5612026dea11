/** What can be wrong with a request for images, files or scores of a trained model, besides what can be wrong with a checkpoint. */
export type OutputErrorCode =
  | 'output-kind'
  | 'no-samples'
  | 'no-labels'
  | 'digit-unknown'
  | 'no-noise'
  | 'no-output'
  | 'no-grids'
  | 'bad-grid'
  | 'output-folder'
  | 'output-not-writable'
  | 'checkpoint-preset'
  | 'too-few-samples'
  | 'image-shape';

/** Codes of a command line that is wrong; the others are of a world that is. */
const USAGE: readonly OutputErrorCode[] = [
  'output-kind',
  'output-folder',
  'no-labels',
  'digit-unknown',
  'too-few-samples',
];

/** What was asked for cannot be made. `message` is one sentence for a user. */
export class OutputError extends Error {
  override readonly name = 'OutputError';
  readonly code: OutputErrorCode;
  /** 2 where the command line is wrong, 1 where the world is. */
  readonly exitCode: 1 | 2;

  constructor(code: OutputErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.exitCode = USAGE.includes(code) ? 2 : 1;
  }
}
