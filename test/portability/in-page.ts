/** The program as a page: takes its request from the server that it came from, and posts each answer there. */
import { startWasm } from '@gradcast/backends-web';
import { answers } from './steps.ts';
import type { Request } from './steps.ts';

async function post(report: object): Promise<void> {
  await fetch('/report', { method: 'POST', body: JSON.stringify(report) });
}

async function main(): Promise<void> {
  const request = (await (await fetch('/request')).json()) as Request;
  const backend = await startWasm('/wasm/');
  const bytesOf = async (path: string) => new Uint8Array(await (await fetch(path)).arrayBuffer());
  const [images, labels] = [() => bytesOf('/images'), () => bytesOf('/labels')];
  for await (const answer of answers(request, { backend, images, labels })) await post({ answer });
  await post({ done: true, isolated: globalThis.crossOriginIsolated });
}

main().catch((error: unknown) =>
  post({ failed: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
);
