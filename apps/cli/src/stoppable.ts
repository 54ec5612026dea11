/** Commands that take a while and write one thing at their end: how far they are, and how they stop when asked to. */
import { exitAfter, type StopSignal } from './exit-codes.ts';
import type { Watched } from './outputs/watched.ts';
import type { Sink } from './reporter.ts';
import type { Surroundings } from './supervise.ts';

/** What such a command needs of the world. */
interface Stoppable extends Pick<Surroundings, 'onSignal'> {
  readonly stderr: Sink;
}

class Stopped extends Error {
  override readonly name = 'Stopped';
}

/**
 * Runs a command that a first signal stops, leaving nothing behind; a second one ends the process as the system does.
 *
 * @returns its exit code, or that of the signal.
 */
export async function stoppable(
  { onSignal, stderr }: Stoppable,
  run: (watched: Required<Watched>) => Promise<number>,
): Promise<number> {
  const stop = new AbortController();
  let by: StopSignal | undefined;
  const off = onSignal((signal) => {
    by = signal;
    off();
    stop.abort(new Stopped(`stopped by ${signal}`));
  });
  const line = { isOpen: false };
  const progress = (done: number, total: number) => {
    // Lines are for people who watch; a file needs none.
    if (stderr.isTTY !== true) return;
    line.isOpen = done < total;
    stderr.write(`\r${done} of ${total} frames${line.isOpen ? '' : '\n'}`);
  };
  try {
    return await run({ signal: stop.signal, progress });
  } catch (error) {
    if (line.isOpen) stderr.write('\n');
    if (by === undefined || error !== stop.signal.reason) throw error;
    stderr.write('gradcast: stopped; nothing was written\n');
    return exitAfter(by);
  } finally {
    off();
  }
}
