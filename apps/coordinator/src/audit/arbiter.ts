/**
 * The coordinator's own workers, child processes that are started when an audit needs somebody whom it trusts.
 *
 * Invariants: one that cannot be started, or fails, ends nothing but itself, and its own words are told; they give way to
 * the coordinator's main thread where there is one core for both.
 */
import { fork } from 'node:child_process';
import type { ChildProcess, ForkOptions } from 'node:child_process';
import { setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { ChildMessage, ParentMessage, TuneMode } from '@gradcast/config';
import { printable } from '@gradcast/protocol';
import type { ArbiterHandle, ArbiterRequest } from './arbitration.ts';
import { entryUrl } from '../entry.ts';

export interface ArbiterOptions {
  /** The coordinator's own address. */
  readonly url: string;
  /** Secret of our own workers. */
  readonly token: string;
  /** Path of the user's task file, or null. */
  readonly taskFile: string | null;
  /** As the run's own workers are: what they timed again is theirs as well. */
  readonly tune: TuneMode;
  readonly onFailed: (sentence: string) => void;
  /** Starts a process of Node; a test may put its own in place. */
  readonly fork?: (path: string, options: ForkOptions) => ChildProcess;
}

/** Whoever waits for them waits for nothing else, so a quarter of a busy core is theirs and the rest is not. */
const NICENESS = 6;
/** Characters of what one says of its failure. */
const WORDS = 200;
const GONE: ArbiterHandle = { hasEnded: true, end: () => undefined };

export class Arbiters {
  readonly #options: ArbiterOptions;
  readonly #children = new Set<ChildProcess>();

  constructor(options: ArbiterOptions) {
    this.#options = options;
  }

  /** Starts a worker of ours. */
  start({ backend, threads, name }: ArbiterRequest): ArbiterHandle {
    const { url, token, taskFile, tune, onFailed, fork: start = fork } = this.#options;
    let child: ChildProcess;
    try {
      child = start(fileURLToPath(entryUrl('worker', import.meta.url)), {
        serialization: 'advanced',
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      });
    } catch (error) {
      // Such as a system without memory for another process.
      onFailed(`no arbiter can be started: ${(error as Error).message}`);
      return GONE;
    }
    let hasEnded = false;
    const ended = () => {
      hasEnded = true;
      this.#children.delete(child);
    };
    this.#children.add(child);
    child.once('exit', ended);
    child.once('error', (error) => {
      onFailed(`no arbiter can be started: ${error.message}`);
      ended();
    });
    child.on('message', (message: ChildMessage) => {
      if (message.type === 'failed') onFailed(`an arbiter failed: ${printable(message.sentence, WORDS)}`);
    });
    giveWay(child);
    const message: ParentMessage = {
      type: 'work',
      token,
      config: {
        coordinator: url,
        taskFile,
        backend,
        threads,
        tune: tune === 'never' ? 'never' : 'once',
        name,
        localIndex: 0,
        reconnectSeconds: 0,
        graceSeconds: 0,
        metricsHost: '127.0.0.1',
        metricsPort: 0,
        metricsNames: [],
        healthPort: null,
        logLevel: 'silent',
      },
    };
    child.send(message, () => undefined);
    return {
      get hasEnded() {
        return hasEnded;
      },
      end: () => void child.kill('SIGKILL'),
    };
  }

  /** Ends the children; their pipes' ends would do so too. */
  close(): void {
    for (const child of this.#children) child.kill('SIGKILL');
  }
}

/** Best effort: not every system lets a process be asked to wait. */
function giveWay({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    setPriority(pid, NICENESS);
  } catch {
    // It has ended, or this system has no such thing.
  }
}
