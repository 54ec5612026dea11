export type EvaluateErrorCode = 'too-few-samples' | 'image-shape';

/** Images cannot be scored. `message` is one sentence for a user. */
export class EvaluateError extends Error {
  override readonly name = 'EvaluateError';
  readonly code: EvaluateErrorCode;
  /** 2 where the command line is wrong, 1 where the world is. */
  readonly exitCode: 1 | 2;

  constructor(code: EvaluateErrorCode, message: string) {
    super(message);
    this.code = code;
    this.exitCode = code === 'too-few-samples' ? 2 : 1;
  }
}
