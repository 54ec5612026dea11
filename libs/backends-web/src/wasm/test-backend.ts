/** The backend in Node, for the tests beside it: the binary is that of the installed package. */
import { createRequire } from 'node:module';
import { dirname, join, sep } from 'node:path';
import type { LoadedBackend } from '@gradcast/engine';
import { startWasm } from './start.ts';

export function loadWasm(): Promise<LoadedBackend> {
  const manifest = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm/package.json');
  return startWasm(join(dirname(manifest), 'dist') + sep);
}
