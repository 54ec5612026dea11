/** A reason for which a coordinator cannot start or go on: one sentence, a stable code, an exit status. */
export class CoordinatorError extends Error {
  override readonly name = 'CoordinatorError';
  readonly code: string;
  readonly exitCode: number;

  constructor(code: string, sentence: string, options: { exitCode?: number; cause?: unknown } = {}) {
    super(sentence, { cause: options.cause });
    this.code = code;
    this.exitCode = options.exitCode ?? 1;
  }
}
