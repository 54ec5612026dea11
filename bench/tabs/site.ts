/** A page on loopback, isolated as the join page is, that has the engine of {@link file://./in-worker.ts}. */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { build, stop } from 'esbuild';

const HEADERS = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' };
const BINARY = 'tfjs-backend-wasm-simd.wasm';

export interface Site {
  readonly url: string;
  close(): void;
}

/** @param root of the repository. */
export async function openSite(root: string): Promise<Site> {
  const manifest = createRequire(join(root, 'package.json')).resolve('@tensorflow/tfjs-backend-wasm/package.json');
  const files: Readonly<Record<string, readonly [type: string, body: string | Buffer]>> = {
    '/': ['text/html', '<!doctype html><title>bench:tabs</title>'],
    '/worker.js': ['text/javascript', await workerScript(root)],
    [`/${BINARY}`]: ['application/wasm', await readFile(join(dirname(manifest), 'dist', BINARY))],
  };
  const server = createServer(({ url = '/' }: IncomingMessage, response: ServerResponse) => {
    if (!Object.hasOwn(files, url)) return void response.writeHead(404, HEADERS).end();
    const [type, body] = files[url];
    response.writeHead(200, { ...HEADERS, 'content-type': type }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, close };
}

async function workerScript(root: string): Promise<string> {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: ['bench/tabs/in-worker.ts'],
    bundle: true,
    format: 'iife',
    platform: 'browser',
    target: 'es2022',
    minify: true,
    write: false,
    logLevel: 'error',
  });
  await stop();
  return outputFiles[0].text;
}
