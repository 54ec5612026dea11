/** A thread of this app as it is built, for tests: Node runs no TypeScript. */
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { build } from 'esbuild';

/** @param entry its source. @param workerData what it is started with. */
export async function builtThread(entry: URL, workerData: unknown): Promise<Worker> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(entry)],
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    write: false,
  });
  const code = Buffer.from(outputFiles[0].text).toString('base64');
  return new Worker(new URL(`data:text/javascript;base64,${code}`), { workerData });
}
