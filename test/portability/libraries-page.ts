/** A page that loads every library that runs anywhere, and then has a worker in it. */
import type { FromCompute } from '@gradcast/worker-core';
import { workAlone } from './lone-worker.ts';

async function post(report: object): Promise<void> {
  await fetch('/report', { method: 'POST', body: JSON.stringify(report) });
}

async function main(): Promise<void> {
  const libraries = (await (await fetch('/libraries')).json()) as Record<string, string>;
  for (const [library, path] of Object.entries(libraries)) {
    const found = (await import(path)) as object;
    await post({ library, exports: Object.keys(found).sort() });
  }
  const work = await workAlone((events) => {
    const thread = new Worker('/page-thread.js', { type: 'module' });
    thread.onmessage = ({ data }: MessageEvent<FromCompute>) => events.message(data);
    thread.onerror = ({ message }) => events.ended(`the compute thread failed: ${message}`);
    return { post: (message, transfer) => thread.postMessage(message, transfer) };
  });
  await post({ work });
}

main().catch((error: unknown) =>
  post({ failed: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
);
