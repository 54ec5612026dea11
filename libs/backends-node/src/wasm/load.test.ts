import { cpus, hostname } from 'node:os';
import { Worker } from 'node:worker_threads';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { loadWasm } from './load.ts';

/** What a `worker_threads` thread answers after loading the backend and multiplying. */
interface Answer {
  readonly backend: string;
  readonly product: number[];
}

async function inThread(): Promise<Answer> {
  const load = fileURLToPath(new URL('load.ts', import.meta.url));
  const { outputFiles } = await build({
    stdin: {
      contents: `
        import { parentPort } from 'node:worker_threads';
        import * as tf from '@tensorflow/tfjs-core';
        import { loadWasm } from './load.ts';
        const { name, kernels } = await loadWasm();
        const a = tf.tensor2d([1, 2, 3, 4], [2, 2]);
        const product = kernels.matMul(a, a, false, true);
        parentPort.postMessage({ backend: name, product: Array.from(await product.data()) });`,
      resolveDir: fileURLToPath(new URL('.', import.meta.url)),
    },
    bundle: true,
    format: 'esm',
    platform: 'node',
    write: false,
    define: { 'import.meta.url': JSON.stringify(pathToFileURL(load).href) },
    plugins: [
      {
        // A data: URL has no folder to look packages up from, so they are named by their place.
        name: 'packages',
        setup(builder) {
          builder.onResolve({ filter: /^@tensorflow/ }, ({ path }) => ({
            path: import.meta.resolve(path),
            external: true,
          }));
        },
      },
    ],
  });
  const code = Buffer.from(outputFiles[0].text).toString('base64');
  const worker = new Worker(new URL(`data:text/javascript;base64,${code}`));
  try {
    return await new Promise<Answer>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
  } finally {
    await worker.terminate();
  }
}

describe('loadWasm', () => {
  // First, because the backend's loader installs its handlers only once per process.
  it('leaves the process to its own handlers for errors', async () => {
    const count = () => [process.listenerCount('uncaughtException'), process.listenerCount('unhandledRejection')];
    const before = count();
    await loadWasm();
    expect(count()).toEqual(before);
  });

  it('makes the backend current and says what it runs on', async () => {
    const { name, profile } = await loadWasm();
    expect(tf.getBackend()).toBe('wasm');
    expect(name).toBe('wasm');
    expect(profile).toMatchObject({ backend: 'wasm', device: 'cpu', threads: 1, features: 'simd128', mode: 'eager' });
    expect(profile.libraryVersion).toMatch(/^\d+\.\d+\.\d+$/);
  });

  it('has a profile that names nothing of the processor or of Node', async () => {
    const { profile } = await loadWasm();
    const here = [
      process.version.slice(1),
      process.arch,
      process.platform,
      hostname(),
      ...cpus().map(({ model }) => model),
    ];
    const words = Object.values(profile).map(String);
    for (const fact of here.filter((text) => text !== '')) expect(words.join(' ')).not.toContain(fact);
    expect(profile).toEqual({ ...profile, device: 'cpu', threads: 1, features: 'simd128', mode: 'eager' });
    expect(Object.keys(profile)).toHaveLength(6);
  });

  it('may be called again', async () => {
    const { profile } = await loadWasm();
    expect((await loadWasm()).profile).toEqual(profile);
  });

  it('works in a worker thread', async () => {
    expect(await inThread()).toEqual({ backend: 'wasm', product: [5, 11, 11, 25] });
  });
});
