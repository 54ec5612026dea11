/** The side of a process that a benchmark starts: it answers messages, and ends with the pipe. */
import type { Failed, Message, Typed } from './messages.ts';

/** For each type of message what it does; what it returns is sent as the answer. */
export type Handlers<Asked extends Message, Told extends Message> = {
  readonly [T in Asked['type']]: (message: Typed<Asked, T>) => Told | undefined | Promise<Told | undefined>;
};

/** Hands each message to the handler of its type. */
export function serveParent<Asked extends Message, Told extends Message>(handlers: Handlers<Asked, Told>): void {
  // On a terminal the signal reaches the whole group; the benchmark decides what it means.
  process.on('SIGINT', () => undefined);
  process.on('disconnect', () => process.exit(0));
  process.on('message', (message: Asked) => {
    const handle = handlers[message.type as Asked['type']] as (message: Asked) => Told | Promise<Told> | undefined;
    void (async () => {
      try {
        const answer = await handle(message);
        if (answer !== undefined) tellParent(answer);
      } catch (error) {
        tellFailure(error);
      }
    })();
  });
}

/** Says something that was not asked for. */
export function tellParent(message: Message): void {
  if (process.connected) process.send?.(message);
}

/** Tells the parent that this process cannot go on. */
export function tellFailure(error: unknown): void {
  const sentence = error instanceof Error ? error.message : String(error);
  const failed: Failed = { type: 'failed', sentence };
  tellParent(failed);
}
