/** Commands that take a while and write one thing at their end: how far they are, and how they stop when asked to. */
import { exitAfter } from './exit-codes.ts';
import { firstSignal } from './first-signal.ts';
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
  const { aborted, by, off } = firstSignal(onSignal, (signal) => new Stopped(`stopped by ${signal}`));
  const line = { isOpen: false };
  const progress = (done: number, total: number) => {
    // Lines are for people who watch; a file needs none.
    if (stderr.isTTY !== true) return;
    line.isOpen = done < total;
    stderr.write(`\r${done} of ${total} frames${line.isOpen ? '' : '\n'}`);
  };
  try {
    return await run({ signal: aborted, progress });
  } catch (error) {
    if (line.isOpen) stderr.write('\n');
    const signal = by();
    if (signal === undefined || error !== aborted.reason) throw error;
    stderr.write('gradcast: stopped; nothing was written\n');
    return exitAfter(signal);
  } finally {
    off();
  }
}
