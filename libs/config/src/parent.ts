/** A child's side of the IPC pipe. */
import type { ChildMessage } from './process-messages.ts';

/** Sends a message to the command that started this process, if it is still there. */
export function tellParent(message: ChildMessage): void {
  // The command may be killed at any moment: a pipe that breaks under a message is told by `disconnect`, not by a crash.
  if (process.connected) process.send?.(message, undefined, {}, () => undefined);
}

/** Sends a message and waits until the pipe has taken it, so that an exit right after does not lose it. */
export function tellParentLast(message: ChildMessage): Promise<void> {
  return new Promise((resolve) => {
    if (!process.connected || !process.send) return resolve();
    process.send(message, undefined, {}, () => resolve());
  });
}
