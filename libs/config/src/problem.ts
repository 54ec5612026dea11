/**
 * What is wrong with a configuration, told in sentences a user can act on.
 *
 * Invariant: parsing never stops at the first problem; whoever resolves a configuration collects all of them and throws
 * once.
 */

/** One thing to correct: a stable code for scripts and one sentence for people. */
export interface Problem {
  readonly code: ProblemCode;
  readonly sentence: string;
}

/** Every code a configuration can be refused with; each has a line in docs/configuration.md. */
export const PROBLEM_CODES = [
  'unknown-command',
  'unknown-flag',
  'unknown-key',
  'unknown-environment',
  'unknown-preset',
  'unknown-choice',
  'unexpected-argument',
  'missing-argument',
  'missing-value',
  'missing-flag',
  'empty-value',
  'bad-text',
  'bad-switch',
  'not-a-number',
  'out-of-range',
  'not-a-power-of-two',
  'bad-address',
  'bad-name',
  'bad-time',
  'length-conflict',
  'decay-conflict',
  'early-stop-conflict',
  'task-conflict',
  'global-batch-auto',
  'global-batch-split',
  'global-batch-too-large',
  'micro-batch-too-small',
  'micro-batch-too-large',
  'config-missing',
  'config-unreadable',
  'config-syntax',
  'join-address',
  'join-insecure',
  'join-task',
  'proxy-address',
  'steer-operator',
  'steer-page',
  'tls-files',
  'token-required',
  'token-file',
  'token-shape',
  'output-kind',
  'data-missing',
  'resume-missing',
  'otlp-address',
  'otlp-headers',
  'out-not-a-folder',
  'out-not-writable',
] as const;

export type ProblemCode = (typeof PROBLEM_CODES)[number];

/** A configuration that cannot be used, with everything that is wrong with it. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly code = 'config';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map((problem) => problem.sentence).join('\n'));
    this.problems = problems;
  }
}

/** What a user wrote, in double quotes, with control characters escaped and long text cut. */
export function quoted(written: unknown): string {
  const text = typeof written === 'string' ? written : JSON.stringify(written);
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 77)}...` : text);
}
