/**
 * One process that a benchmark started.
 *
 * Invariants: whatever waits for it hears of its end; a failure is told once, as one sentence, by whatever waits first.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { BenchmarkError } from './errors.ts';
import { isFailed } from './messages.ts';
import type { Message, Typed } from './messages.ts';

export interface StartOptions {
  /** What it is called in a failure. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** It may use these cores and no others. */
  readonly cores?: readonly number[] | undefined;
  /** Called with each line of its standard output. */
  readonly onLine?: (line: string) => void;
  /** Whether what it prints goes to stderr at once; else it is kept, for `output` and for a failure's sentence. */
  readonly isShown?: boolean;
  /** Whether it has an IPC pipe. */
  readonly hasPipe?: boolean;
  /** It is ended after so long. */
  readonly limitMs?: number;
}

/** For a clean end, its own children included, before it is forced. */
const PATIENCE_MS = 15_000;
/** Of a failed process's complaint, from its end. */
const KEPT_LINES = 12;
const KEPT_CHARACTERS = 64 * 1024;

/** @typeParam Asked what it is sent. @typeParam Told what it says. */
export class RunningProcess<Asked extends Message = never, Told extends Message = never> {
  /** Resolves with its standard output if it exits with 0; rejects with a {@link BenchmarkError} otherwise. */
  readonly output: Promise<string>;
  /** Resolves when it is gone, however it ended. */
  readonly gone: Promise<void>;
  readonly #child: ChildProcess;
  readonly #heard: Told[] = [];
  readonly #waiting: { type: string; resolve: (message: Told) => void; reject: (error: Error) => void }[] = [];
  #failure: BenchmarkError | undefined;
  #stdout = '';
  #stderr = '';

  constructor(options: StartOptions) {
    this.#child = launch(options);
    this.#listen(options);
    this.output = this.#ending(options);
    // Whoever waits for it hears of a failure; nobody may.
    this.gone = this.output.then(
      () => undefined,
      () => undefined,
    );
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** Sends a message. If the pipe is closed the process is ending, and its end says the rest. */
  send(message: Asked): void {
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }

  /** The next message of a type, also one that came before. @throws BenchmarkError if it fails or ends without one. */
  next<T extends Told['type']>(type: T): Promise<Typed<Told, T>> {
    const index = this.#heard.findIndex((message) => message.type === type);
    if (index >= 0) return Promise.resolve(this.#heard.splice(index, 1)[0] as Typed<Told, T>);
    if (this.#failure) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ type, resolve: resolve as (message: Told) => void, reject });
    });
  }

  /** Sends a message and waits for an answer of a type, as {@link next}. */
  ask<T extends Told['type']>(message: Asked, type: T): Promise<Typed<Told, T>> {
    this.send(message);
    return this.next(type);
  }

  /** Ends it, in the end by force; resolves when it is gone. */
  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.kill(), PATIENCE_MS);
    await this.gone;
    clearTimeout(timer);
  }

  /** Ends it by force. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #listen({ onLine }: StartOptions): void {
    let unread = '';
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text;
      const lines = (unread + text).split('\n');
      unread = lines.pop() ?? '';
      if (onLine) for (const line of lines) onLine(line);
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-KEPT_CHARACTERS);
    });
    this.#child.on('message', (message) => this.#hear(message as Told));
  }

  #hear(message: Told): void {
    if (isFailed(message)) return this.#fail(new BenchmarkError(message.sentence));
    const index = this.#waiting.findIndex(({ type }) => type === message.type);
    if (index >= 0) this.#waiting.splice(index, 1)[0].resolve(message);
    else this.#heard.push(message);
  }

  #fail(failure: BenchmarkError): void {
    this.#failure ??= failure;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failure);
  }

  #ending({ name, limitMs }: StartOptions): Promise<string> {
    const timer = limitMs === undefined ? undefined : setTimeout(() => void this.stop(), limitMs);
    return new Promise((resolve, reject) => {
      const end = (failure: BenchmarkError) => {
        clearTimeout(timer);
        this.#fail(failure);
      };
      this.#child.on('error', (cause) => {
        end(new BenchmarkError(`${name} cannot be started: ${cause.message}`, { cause }));
        reject(this.#failure!);
      });
      this.#child.on('close', (code, killedBy) => {
        const how = killedBy ? `was ended by ${killedBy}` : `ended with exit code ${code}`;
        const complaint = this.#stderr.trim().split('\n').slice(-KEPT_LINES).join('\n');
        end(new BenchmarkError(complaint === '' ? `${name} ${how}` : `${name} ${how}:\n${complaint}`));
        if (code === 0) resolve(this.#stdout);
        else reject(this.#failure!);
      });
    });
  }
}

/**
 * All processes of a benchmark belong to its own session: Linux shares processors between sessions first (autogroups), so two
 * processes with a session each would get twice the share of a contestant that has one for all of its own, as soon as the
 * machine has other work.
 */
function launch({
  command,
  args,
  cwd,
  env = process.env,
  cores,
  isShown = false,
  hasPipe = false,
}: StartOptions): ChildProcess {
  const [program, ...rest] = cores ? ['taskset', '-c', cores.join(','), command, ...args] : [command, ...args];
  return spawn(program, rest, {
    env,
    cwd,
    stdio: [
      'ignore',
      ...(isShown ? ([2, 2] as const) : (['pipe', 'pipe'] as const)),
      ...(hasPipe ? ['ipc' as const] : []),
    ],
    serialization: 'advanced',
  });
}
