/** Layers that do not fit, input that does not fit a model, or a step that leaves a parameter without a gradient. */
export class ModelError extends Error {
  override readonly name = 'ModelError';
  readonly code: 'model-spec' | 'model-input' | 'model-gradient';

  constructor(code: ModelError['code'], message: string) {
    super(message);
    this.code = code;
  }
}
