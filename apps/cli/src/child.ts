/** One process of the command: started with a first message, heard until it ends. */
import { fork } from 'node:child_process';
import type { ChildMessage, LogLevel, ParentMessage } from '@gradcast/config';
import type { StopSignal } from './exit-codes.ts';

/** How a process ended: `code` or `signal` is null. */
export interface ChildExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A running process. */
export interface Child {
  /** Asks it to stop cleanly; a process that is gone already is no error. */
  stop(signal: StopSignal): void;
  /** Says something else to it. */
  tell(message: ParentMessage): void;
  /** Ends it at once. */
  kill(): void;
  /** Resolves when the process is gone and everything it said was heard. Never rejects. */
  readonly ended: Promise<ChildExit>;
}

/** Starts a process; tests put a fake in its place. */
export type StartChild = (options: {
  readonly entry: 'coordinator' | 'worker';
  readonly first: ParentMessage;
  readonly logLevel: LogLevel;
  readonly onMessage: (message: ChildMessage) => void;
}) => Child;

const running = new Set<Child>();

/** Ends every process that still runs; for the command's own violent end. */
export function killAllChildren(): void {
  for (const child of running) child.kill();
}

/**
 * Starts processes from the built entries in `folder` (`coordinator.mjs`, `worker.mjs`).
 *
 * The token leaves the environment here: a process gets it in its first message and nowhere else. What a process prints
 * goes to stderr, since stdout is the command's own.
 */
export function processStarter(folder: string): StartChild {
  return ({ entry, first, logLevel, onMessage }) => {
    const environment = { ...process.env };
    delete environment.GRADCAST_TOKEN;
    const verbose = logLevel === 'debug' || logLevel === 'trace';
    const forked = fork(`${folder}/${entry}.mjs`, [], {
      stdio: ['ignore', 2, 2, 'ipc'],
      // JSON would turn the loss of a diverged step, NaN, into null.
      serialization: 'advanced',
      env: verbose ? environment : { ...environment, NODE_NO_WARNINGS: '1' },
    });
    forked.on('message', (message) => {
      if (isChildMessage(message)) onMessage(message);
    });
    const send = (message: ParentMessage) => {
      // A closed pipe means that the process is ending: its exit says the rest.
      if (forked.connected) forked.send(message, () => undefined);
    };
    const ended = new Promise<ChildExit>((resolve) => {
      let exit: ChildExit | null = null;
      const settle = () => {
        // Messages may still be in the pipe when the process is gone.
        if (exit && !forked.connected) resolve(exit);
      };
      forked.on('disconnect', settle);
      forked.on('exit', (code, signal) => {
        exit = { code, signal };
        settle();
      });
      forked.on('error', () => {
        // A process that could not be started has no exit event.
        if (forked.pid === undefined) resolve({ code: 1, signal: null });
      });
    });
    const child: Child = {
      stop: (signal) => send({ type: 'stop', signal }),
      tell: send,
      kill: () => void forked.kill('SIGKILL'),
      ended,
    };
    running.add(child);
    void ended.then(() => running.delete(child));
    send(first);
    return child;
  };
}

/** How a sentence tells an exit: `killed by SIGSEGV`, `exit code 7`. */
export function exitText({ code, signal }: ChildExit): string {
  return signal === null ? `exit code ${code ?? 'unknown'}` : `killed by ${signal}`;
}

function isChildMessage(message: unknown): message is ChildMessage {
  return typeof message === 'object' && message !== null && 'type' in message;
}
