/** What can be wrong with a run folder. */
export type RunErrorCode = 'out-not-a-folder' | 'out-not-writable' | 'run-locked' | 'run-missing' | 'run-corrupt';

/** A run folder that cannot be used. `message` is one sentence for a user. */
export class RunError extends Error {
  override readonly name = 'RunError';
  readonly code: RunErrorCode;
  /** 2 where the command line named the wrong place, 1 where the place is right but cannot be used now. */
  readonly exitCode: 1 | 2;

  constructor(code: RunErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.exitCode = code === 'run-locked' || code === 'run-corrupt' ? 1 : 2;
  }
}

/** The system's code of a failed file operation, such as `ENOSPC`. */
export function systemCode(error: unknown): string {
  return (error as NodeJS.ErrnoException | undefined)?.code ?? 'unknown error';
}
