/**
 * One `gradcast …` process, started as a user starts it.
 *
 * Invariants: nothing sleeps, every wait looks again when the process has said something or ended; every wait has a
 * bound, and a wait that fails shows all that was said.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ChildMessage, Progress, Summary } from '@gradcast/config';
import { PATIENCE_SECONDS } from './patience.ts';
import { descendantsOf } from './processes.ts';
import type { ProcessInfo } from './processes.ts';

/** The repository's own folder. */
export const repository = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
const bin = join(repository, 'bin', 'gradcast.mjs');

/** A line that the command prints with `--json`. */
export type GradcastEvent =
  | Extract<ChildMessage, { type: 'listening' | 'backend' }>
  | ({ readonly type: 'progress' } & Progress)
  | ({ readonly type: 'summary' } & Summary);

/** How the command ended, after all it started has closed its output too. */
export interface Ending {
  /** Null if a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface StartOptions {
  readonly cwd: string;
  /** Added to the environment, from which the caller's own `GRADCAST_` variables but the cache's are taken out. */
  readonly env?: Readonly<Record<string, string>>;
  /** What runs the command, such as `ip netns exec NAME`. */
  readonly within?: readonly string[];
}

export class GradcastProcess {
  readonly args: readonly string[];
  readonly #child: ChildProcess;
  readonly #watchers = new Set<() => void>();
  #stdout = '';
  #stderr = '';
  #exited: { code: number | null; signal: NodeJS.Signals | null } | undefined;
  #ending: Ending | undefined;

  constructor(args: readonly string[], { cwd, env = {}, within = [] }: StartOptions) {
    this.args = args;
    const [file, ...rest] = [...within, process.execPath, bin, ...args];
    this.#child = spawn(file, rest, {
      cwd,
      // What a killed command leaves among temporary files goes with the test's folder.
      env: { ...inherited(), TMPDIR: cwd, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text;
      this.#look();
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
      this.#look();
    });
    this.#child.on('exit', (code, signal) => {
      this.#exited = { code, signal };
      this.#look();
    });
    // Later than `exit` where a child of the command still holds the pipe: whoever waits for this waits for them.
    this.#child.on('close', (code, signal) => {
      this.#ending = { code, signal, stdout: this.#stdout, stderr: this.#stderr };
      this.#look();
    });
  }

  get pid(): number {
    const { pid } = this.#child;
    if (pid === undefined) throw new Error(`${bin} could not be started`);
    return pid;
  }

  /** Everything printed so far, for a message. */
  get output(): string {
    return `gradcast ${this.args.join(' ')}\n--- stdout\n${this.#stdout}--- stderr\n${this.#stderr}`;
  }

  /** The JSON lines printed so far. */
  get events(): GradcastEvent[] {
    return wholeLines(this.#stdout)
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as GradcastEvent);
  }

  /** Processes that the command runs now; `worker.mjs` or `coordinator.mjs` is in their command. */
  get children(): ProcessInfo[] {
    return descendantsOf(this.pid);
  }

  /** The one child running `entry`, `coordinator` or the like. @throws Error if there is none. */
  child(entry: string): ProcessInfo {
    const found = this.children.find(({ command }) => command.includes(`${entry}.mjs`));
    if (!found) throw new Error(`no ${entry} process runs; ${this.output}`);
    return found;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** The first whole line of stderr that matches. @throws Error if the command ends, or time is up, before. */
  said(pattern: RegExp, seconds = PATIENCE_SECONDS): Promise<string> {
    return this.#until(`stderr to say ${pattern}`, seconds, () =>
      wholeLines(this.#stderr).find((line) => pattern.test(line)),
    );
  }

  /** The first event of a type; the command needs `--json`. */
  event<T extends GradcastEvent['type']>(
    type: T,
    seconds = PATIENCE_SECONDS,
  ): Promise<Extract<GradcastEvent, { type: T }>> {
    return this.#until(`the event ${type}`, seconds, () =>
      this.events.find((event): event is Extract<GradcastEvent, { type: T }> => event.type === type),
    );
  }

  /** The first progress at `step` or later; the command needs `--json`. */
  step(step: number, seconds = PATIENCE_SECONDS): Promise<Progress> {
    return this.#until(`step ${step}`, seconds, () =>
      this.events.find((event) => event.type === 'progress' && event.step >= step),
    ) as Promise<Progress>;
  }

  /** Resolves when the command and all that it started are gone. */
  ended(seconds = PATIENCE_SECONDS): Promise<Ending> {
    return this.#until('its end', seconds, () => this.#ending);
  }

  #look(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }

  #until<T>(what: string, seconds: number, look: () => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const settle = (act: () => void) => {
        clearTimeout(timer);
        this.#watchers.delete(watcher);
        act();
      };
      const watcher = () => {
        const found = look();
        if (found !== undefined) return settle(() => resolve(found));
        if (!this.#ending) return;
        const { code, signal } = this.#ending;
        settle(() => reject(new Error(`ended (${code ?? signal}) before ${what}: ${this.output}`)));
      };
      const timer = setTimeout(() => {
        const exit = this.#exited && !this.#ending ? ', though the command itself has exited' : '';
        settle(() => reject(new Error(`waited ${seconds} s in vain for ${what}${exit}: ${this.output}`)));
      }, seconds * 1000);
      this.#watchers.add(watcher);
      watcher();
    });
  }
}

/** Lines that are finished; the last one may still grow. */
function wholeLines(text: string): string[] {
  return text.split('\n').slice(0, -1);
}

/** The caller's environment without settings that would change what a test asks for. */
function inherited(): NodeJS.ProcessEnv {
  const names = Object.keys(process.env).filter((name) => !name.startsWith('GRADCAST_') || name === 'GRADCAST_CACHE');
  return Object.fromEntries(names.map((name) => [name, process.env[name]]));
}
