/** Why there is no plan, in one sentence with a stable code. */
export class PlanError extends Error {
  override readonly name = 'PlanError';
  readonly code: 'plan-unsupported' | 'plan-too-large';

  constructor(code: PlanError['code'], message: string) {
    super(message);
    this.code = code;
  }
}
