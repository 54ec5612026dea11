/** A first signal asks a command to stop; a second one ends the process as the system does. */
import type { StopSignal } from './exit-codes.ts';
import type { Surroundings } from './supervise.ts';

export interface FirstSignal {
  /** Aborts when the signal comes. */
  readonly aborted: AbortSignal;
  /** The signal; undefined if none has come. */
  readonly by: () => StopSignal | undefined;
  /** Listens no more. */
  readonly off: () => void;
}

/** @param reason of the abort. */
export function firstSignal(onSignal: Surroundings['onSignal'], reason?: (signal: StopSignal) => Error): FirstSignal {
  const stop = new AbortController();
  let by: StopSignal | undefined;
  const off = onSignal((signal) => {
    by = signal;
    off();
    stop.abort(reason?.(signal));
  });
  return { aborted: stop.signal, by: () => by, off };
}
