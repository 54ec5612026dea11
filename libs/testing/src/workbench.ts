/** A folder and the processes started in it; when a test is over, neither is left. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GradcastProcess } from './gradcast-process.ts';
import type { Ending, StartOptions } from './gradcast-process.ts';
import { allGone } from './processes.ts';

export class Workbench {
  /** A temporary folder; commands run in it. */
  readonly folder: string;
  readonly #started = new Set<GradcastProcess>();

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async create(): Promise<Workbench> {
    return new Workbench(await mkdtemp(join(tmpdir(), 'gradcast-test-')));
  }

  /** Starts `gradcast ARGS`; `args` is split at spaces unless it is a list. */
  start(args: string | readonly string[], env?: StartOptions['env'], within?: StartOptions['within']): GradcastProcess {
    const list = typeof args === 'string' ? args.split(' ') : args;
    const started = new GradcastProcess(list, { cwd: this.folder, env, within });
    this.#started.add(started);
    return started;
  }

  /** Runs `gradcast ARGS` to its end. */
  run(args: string | readonly string[], env?: StartOptions['env']): Promise<Ending> {
    return this.start(args, env).ended();
  }

  /** A path in the folder. */
  path(...parts: readonly string[]): string {
    return join(this.folder, ...parts);
  }

  /** Kills what still runs of the processes started here and of their children, and waits until they are gone. */
  async endProcesses(): Promise<void> {
    const started = [...this.#started];
    this.#started.clear();
    const pids = started.flatMap((each) => each.children.map(({ pid }) => pid));
    for (const each of started) each.signal('SIGKILL');
    for (const pid of pids) kill(pid);
    await Promise.all(started.map((each) => each.ended(10)));
    await allGone(pids);
  }

  /** Ends the processes and removes the folder. */
  async remove(): Promise<void> {
    try {
      await this.endProcesses();
    } finally {
      await rm(this.folder, { recursive: true, force: true });
    }
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It is gone already.
  }
}
