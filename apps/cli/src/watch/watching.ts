/** What the commands that watch a run need of the world, and how a signal ends them. */
import { setTimeout } from 'node:timers/promises';
import { exitAfter } from '../exit-codes.ts';
import { firstSignal } from '../first-signal.ts';
import type { Sink } from '../reporter.ts';
import type { Surroundings } from '../supervise.ts';

export interface Clock {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Resolves after so long, or as soon as the signal aborts. */
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
}

export const SYSTEM_CLOCK: Clock = {
  now: () => Date.now(),
  pause: (ms, signal) => setTimeout(ms, undefined, { signal }).catch(() => undefined),
};

/** A stream that a command prints to; its reader may go away, as `head` does. */
export interface Screen extends Sink {
  readonly rows?: number;
  readonly destroyed?: boolean;
}

export interface Watching {
  readonly stdout: Screen;
  readonly stderr: Sink;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** Aborts when the command is asked to stop. */
  readonly signal: AbortSignal;
}

/**
 * Runs a command that goes on until a first signal; a second one ends the process as the system does.
 *
 * @returns its exit code, or that of the signal.
 */
export async function untilSignal(
  onSignal: Surroundings['onSignal'],
  run: (signal: AbortSignal) => Promise<number>,
): Promise<number> {
  const { aborted, by, off } = firstSignal(onSignal);
  try {
    const code = await run(aborted);
    const signal = by();
    return signal === undefined ? code : exitAfter(signal);
  } finally {
    off();
  }
}
