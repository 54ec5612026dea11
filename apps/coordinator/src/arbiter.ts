/**
 * The coordinator's own worker, a child process started only when an audit is in dispute and no third worker is there.
 */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { BackendChoice, ParentMessage } from '@gradcast/config';
import type { MessageOf } from '@gradcast/protocol';
import { entryUrl } from './entry.ts';

export interface ArbiterOptions {
  /** The coordinator's own address. */
  readonly url: string;
  /** Secret of our own workers. */
  readonly token: string;
  readonly onFailed: (sentence: string) => void;
}

export class Arbiter {
  #options: ArbiterOptions | undefined;
  #child: ChildProcess | undefined;

  /** Where to connect, once the server listens. */
  configure(options: ArbiterOptions): void {
    this.#options = options;
  }

  /** Starts a worker with the backend and threads of the parties, under a name that the fleet knows. */
  start(like: MessageOf<'hello'>, name: string): void {
    if (!this.#options || this.#child) return;
    const { url, token, onFailed } = this.#options;
    const child = fork(fileURLToPath(entryUrl('worker', import.meta.url)), {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.#child = child;
    child.once('exit', () => (this.#child = undefined));
    child.once('error', (error) => onFailed(`no arbiter can be started: ${error.message}`));
    const message: ParentMessage = {
      type: 'work',
      token,
      config: {
        coordinator: url,
        backend: like.backend as BackendChoice,
        threads: like.threads,
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
    child.send(message);
  }

  /** Ends the child; its pipe's end would do so too. */
  close(): void {
    this.#child?.kill('SIGKILL');
  }
}
