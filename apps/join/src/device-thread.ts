/** A compute worker of the browser, as {@link Member} wants it: started when it is needed, ended for good. */
import type { FromCompute } from '@gradcast/worker-core';
import type { DeviceThread } from './member.ts';
import type { Limit } from './messages.ts';

export function deviceThread(file: URL): DeviceThread {
  let worker: Worker | undefined;
  let share = 1;
  const tell = () => worker?.postMessage({ type: 'limit', share } satisfies Limit);
  return {
    start: (events) => {
      const made = new Worker(file, { type: 'module' });
      worker = made;
      made.onmessage = ({ data }: MessageEvent<FromCompute>) => events.message(data);
      made.onerror = ({ message }) => events.ended(failure(message));
      made.onmessageerror = () => events.ended(failure('a message could not be read'));
      tell();
      return { post: (message, transfer) => made.postMessage(message, transfer) };
    },
    limit: (next) => {
      share = next;
      tell();
    },
    end: () => worker?.terminate(),
  };
}

/** Browsers say nothing where a script could not be loaded. */
function failure(message: string | undefined): string {
  return `a compute worker failed: ${message ? message : 'its script could not be loaded'}`;
}
