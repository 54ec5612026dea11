/** A preset whose layers do not fit, or input that does not fit a model. */
export class ModelError extends Error {
  override readonly name = 'ModelError';
  readonly code: 'model-spec' | 'model-input';

  constructor(code: ModelError['code'], message: string) {
    super(message);
    this.code = code;
  }
}
