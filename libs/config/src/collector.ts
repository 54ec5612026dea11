/** How the processes of a run collect garbage. */
import { setFlagsFromString } from 'node:v8';

/**
 * Collects in one go instead of in increments; call it before anything else.
 *
 * Every 64 MB of message buffers V8 begins a collection, so a step of three vectors meets one in each of its threads. The
 * heaps are small, 15 to 30 MB: collecting them at once takes less than the increments and their barriers do, and on
 * machines whose cores all compute the helping threads of an incremental collection only take turns with them.
 */
export function collectAtOnce(): void {
  setFlagsFromString('--no-incremental-marking');
}
