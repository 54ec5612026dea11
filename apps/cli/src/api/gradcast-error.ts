/** Why something that a program asked for was not done. */
export class GradcastError extends Error {
  override readonly name = 'GradcastError';
  /** Stable: the codes are those of the command. */
  readonly code: string;

  /** @param message one sentence, or one a line. */
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
