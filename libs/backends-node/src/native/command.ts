/** Runs programs to their end, without a shell. */
import { spawn } from 'node:child_process';
import type { Environment } from './cache.ts';

export interface CommandOptions {
  readonly env: Environment;
  readonly cwd?: string;
  /** Given to the program on its standard input. */
  readonly input?: string;
  readonly signal?: AbortSignal | undefined;
  /** Killed after this long; without it the caller aborts by `signal`. */
  readonly limitMs?: number;
}

/** How a program ended; `code` is 127 when it could not be started at all. */
export interface CommandResult {
  readonly code: number | null;
  readonly killedBy: NodeJS.Signals | null;
  readonly timedOut: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/** Output kept of each stream, from its end: an endless printer must not fill memory. */
const KEPT_CHARACTERS = 64 * 1024;

/** Names of variables that hold the run's token, or say where it lies: pip and compilers run code of others. */
const SECRETS = /^GRADCAST_TOKEN/;

/** Runs a program, which does not inherit the token; never throws for how it ends. */
export function run(
  command: string,
  args: readonly string[],
  { env, cwd, input, signal, limitMs }: CommandOptions,
): Promise<CommandResult> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { env: withoutSecrets(env), cwd, stdio: ['pipe', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    let timedOut = false;
    const kill = () => child.kill('SIGKILL');
    const timer = limitMs === undefined ? undefined : setTimeout(() => ((timedOut = true), kill()), limitMs);
    if (signal?.aborted) kill();
    signal?.addEventListener('abort', kill, { once: true });
    const settle = (code: number | null, killedBy: NodeJS.Signals | null) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', kill);
      resolve({ code, killedBy, timedOut, stdout, stderr });
    };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout = (stdout + text).slice(-KEPT_CHARACTERS)));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-KEPT_CHARACTERS)));
    child.stdin.on('error', () => undefined).end(input ?? '');
    child.on('error', (error) => {
      stderr += error.message;
      settle(127, null);
    });
    child.on('close', settle);
  });
}

function withoutSecrets(env: Environment): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !SECRETS.test(name)));
}

/** The last lines of a program's complaint, for an error message; how it ended if it said nothing. */
export function lastLines({ code, killedBy, stdout, stderr }: CommandResult, lines = 3): string {
  const text = stderr.trim() || stdout.trim();
  if (text === '') return killedBy ? `it was ended by ${killedBy}` : `exit code ${code ?? 'unknown'}`;
  return text.split('\n').slice(-lines).join(' | ');
}
