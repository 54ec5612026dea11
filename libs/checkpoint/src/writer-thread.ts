/**
 * The thread that owns the disk: it hashes, writes and prunes, so that the step loop never waits for any of it. An
 * app gives this a `worker_threads` entry of its own that calls {@link serveCheckpointWriter}.
 */
import { Checkpoints } from './checkpoints.ts';
import { CheckpointError } from './errors.ts';
import type { SaveReply, SaveRequest } from './writer-messages.ts';

/** The thread's side of its port, as `parentPort` of `node:worker_threads` has it. */
export interface WriterPort {
  on(event: 'message', listener: (request: SaveRequest) => void): unknown;
  postMessage(reply: SaveReply): void;
}

/**
 * Serves save requests one after the other, in the order they came. A failed save is answered, never thrown: the
 * next one may succeed.
 *
 * @param port `parentPort` of the thread.
 */
export function serveCheckpointWriter(port: WriterPort): void {
  let earlier = Promise.resolve();
  port.on('message', (request) => {
    earlier = earlier.then(async () => port.postMessage(await answer(request)));
  });
}

async function answer({ id, folder, keepLast, anchorEvery, checkpoint }: SaveRequest): Promise<SaveReply> {
  const started = performance.now();
  const checkpoints = new Checkpoints(folder);
  try {
    const written = await checkpoints.save(checkpoint);
    const removed = await checkpoints.keepLast(keepLast, anchorEvery);
    return { kind: 'saved', id, saved: { ...written, removed, seconds: (performance.now() - started) / 1000 } };
  } catch (error) {
    const code = error instanceof CheckpointError ? error.code : 'checkpoint-write';
    return { kind: 'failed', id, code, message: error instanceof Error ? error.message : String(error) };
  }
}
