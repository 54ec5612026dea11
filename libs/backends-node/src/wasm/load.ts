/**
 * The `wasm` backend in Node: always there, on any CPU that Node runs on.
 */
import { createRequire } from 'node:module';
import { dirname, join, sep } from 'node:path';
import type { LoadedBackend } from '@gradcast/engine';
import { startWasm } from '@gradcast/backends-web';

const require = createRequire(import.meta.url);

/** Events for which the backend's loader installs handlers that would end the process on any rejected promise. */
const PROCESS_EVENTS = ['uncaughtException', 'unhandledRejection'] as const;

/**
 * Registers the backend with tfjs-core, adds its training kernels and makes it current. Works on the main thread and in
 * a `worker_threads` thread; reads its binary from the installed package. The profile says 1 thread, whatever a run asks
 * for.
 *
 * @throws BackendError `wasm-unavailable` if the binary cannot be loaded.
 */
export async function loadWasm(): Promise<LoadedBackend> {
  const handlers = PROCESS_EVENTS.map((event) => ({
    event,
    known: new Set<unknown>(process.listeners(event as 'exit')),
  }));
  const folder = dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json'));
  try {
    return await startWasm(join(folder, 'dist') + sep);
  } finally {
    for (const { event, known } of handlers) {
      for (const listener of process.listeners(event as 'exit')) {
        if (!known.has(listener)) process.removeListener(event, listener);
      }
    }
  }
}
