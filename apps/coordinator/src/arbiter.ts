/**
 * The coordinator's own workers, child processes that are started when an audit needs somebody whom it trusts.
 */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { ParentMessage } from '@gradcast/config';
import type { ArbiterHandle, ArbiterRequest } from './arbitration.ts';
import { entryUrl } from './entry.ts';

export interface ArbiterOptions {
  /** The coordinator's own address. */
  readonly url: string;
  /** Secret of our own workers. */
  readonly token: string;
  readonly onFailed: (sentence: string) => void;
}

export class Arbiters {
  readonly #options: ArbiterOptions;
  readonly #children = new Set<ChildProcess>();

  constructor(options: ArbiterOptions) {
    this.#options = options;
  }

  /** Starts a worker of ours. */
  start({ backend, threads, name }: ArbiterRequest): ArbiterHandle {
    const { url, token, onFailed } = this.#options;
    const child = fork(fileURLToPath(entryUrl('worker', import.meta.url)), {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
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
    const message: ParentMessage = {
      type: 'work',
      token,
      config: {
        coordinator: url,
        backend,
        threads,
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
