/** What ends a benchmark with one sentence: exit code 2 for what the user got wrong, else 1. */
export class BenchmarkError extends Error {
  readonly exitCode: 1 | 2;

  constructor(sentence: string, { exitCode = 1, cause }: { exitCode?: 1 | 2; cause?: unknown } = {}) {
    super(sentence, { cause });
    this.name = 'BenchmarkError';
    this.exitCode = exitCode;
  }
}
