/** A backend that cannot be used, in one sentence, with a stable code and what to do about it. */
export class BackendError extends Error {
  override readonly name = 'BackendError';
  /** Stable, e.g. `webgpu-no-adapter`. */
  readonly code: string;
  /** One sentence: what the user can do. */
  readonly remedy: string;

  constructor(code: string, message: string, options: { remedy: string; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.code = code;
    this.remedy = options.remedy;
  }
}
