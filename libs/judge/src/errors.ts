export type JudgeErrorCode = 'judge-weights' | 'no-judge';

/** Images cannot be judged. `message` is one sentence for a user. */
export class JudgeError extends Error {
  override readonly name = 'JudgeError';
  readonly code: JudgeErrorCode;

  constructor(code: JudgeErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
