/** Threads whose work nobody waits for come after those of workers on the same machine. */
import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';

const NICENESS = 10;

/** Makes the present thread less urgent. Its number is in a link of Linux's; where there is none it stays as it is. */
export function giveWay(): void {
  try {
    const thread = Number(readlinkSync('/proc/thread-self').split('/').at(-1));
    setPriority(thread, NICENESS);
  } catch {
    return;
  }
}
