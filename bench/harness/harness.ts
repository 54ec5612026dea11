/**
 * What a benchmark works with: a folder of its own, and processes, of which none is left behind.
 */
import { mkdtemp } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { BenchmarkError } from './errors.ts';
import type { Message } from './messages.ts';
import { RunningProcess } from './running-process.ts';
import type { StartOptions } from './running-process.ts';

/** What `bin/` gives to a benchmark. */
export interface Facilities {
  /** The repository. */
  readonly root: string;
  /** A folder for this run alone, inside the repository so that npm packages are found; removed afterwards. */
  readonly folder: string;
  /** Builds the command if sources changed. @returns the folder of the built entries. */
  readonly build: () => Promise<string>;
  /** Bundles a TypeScript source of the repository for Node. */
  readonly bundle: (source: string, outfile: string) => Promise<unknown>;
}

/** What differs between two starts of a program. */
export type ProgramOptions = Pick<StartOptions, 'cores'> & { readonly execArgv?: readonly string[] };

/** No command or peer takes longer, unless a benchmark says so; one that hangs must not hang a night. */
const LIMIT_MS = 15 * 60_000;

export class Harness {
  readonly root: string;
  /** For what a benchmark writes. */
  readonly folder: string;
  readonly #facilities: Facilities;
  readonly #programs = new Map<string, Promise<string>>();
  readonly #running = new Set<Pick<RunningProcess, 'stop'>>();
  #isClosed = false;

  constructor(facilities: Facilities) {
    this.#facilities = facilities;
    this.root = facilities.root;
    this.folder = facilities.folder;
  }

  /** A new folder inside {@link folder}. */
  makeFolder(prefix: string): Promise<string> {
    return mkdtemp(join(this.folder, `${prefix}-`));
  }

  /** The folder of the built entries. */
  build(): Promise<string> {
    return this.#facilities.build();
  }

  /** Starts a program with an IPC pipe; what it prints goes to stderr. */
  startNode<Asked extends Message, Told extends Message>(
    script: string,
    { cores, execArgv = [] }: ProgramOptions = {},
  ): RunningProcess<Asked, Told> {
    const args = [...execArgv, script];
    const name = basename(script);
    return this.#keep(
      new RunningProcess<Asked, Told>({
        name,
        command: process.execPath,
        args,
        cores,
        isShown: true,
        hasPipe: true,
      }),
    );
  }

  /** Starts a program that is a TypeScript source of `bench/`, such as `hub/bare-server-process.ts`. */
  async startProgram<Asked extends Message, Told extends Message>(
    source: string,
    options: ProgramOptions = {},
  ): Promise<RunningProcess<Asked, Told>> {
    return this.startNode(await this.#program(source), options);
  }

  /** Starts a program that ends by itself; {@link RunningProcess.output} has what it printed. */
  startCommand(options: Omit<StartOptions, 'isShown' | 'hasPipe'>): RunningProcess {
    return this.#keep(new RunningProcess({ limitMs: LIMIT_MS, ...options }));
  }

  /** Runs a `gradcast` command to its end, in the repository's folder. @returns its standard output. */
  gradcast(args: readonly string[], options: Pick<StartOptions, 'cores' | 'onLine' | 'limitMs'> = {}): Promise<string> {
    const bin = join(this.root, 'bin', 'gradcast.mjs');
    const name = `gradcast ${args[0]}`;
    const [command, cwd] = [process.execPath, this.root];
    return this.startCommand({ ...options, name, command, cwd, args: [bin, ...args] }).output;
  }

  /** Lets signals in between two measurements that keep this thread. */
  breathe(): Promise<void> {
    return setImmediate();
  }

  /** Ends all processes; none starts after this. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#running].map((process) => process.stop()));
  }

  #program(source: string): Promise<string> {
    const known = this.#programs.get(source);
    if (known) return known;
    const outfile = join(this.folder, `${basename(source, '.ts')}.mjs`);
    const made = this.#facilities.bundle(join('bench', source), outfile).then(() => outfile);
    this.#programs.set(source, made);
    return made;
  }

  #keep<Asked extends Message, Told extends Message>(
    started: RunningProcess<Asked, Told>,
  ): RunningProcess<Asked, Told> {
    if (this.#isClosed) {
      started.kill();
      throw new BenchmarkError('the benchmark has ended');
    }
    this.#running.add(started);
    void started.gone.then(() => this.#running.delete(started));
    return started;
  }
}
