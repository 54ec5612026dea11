/** The binaries of `wasm`, for tests: in Node the library that knows Node finds them. */
import { createRequire } from 'node:module';
import { dirname, join, sep } from 'node:path';

/** @returns their folder in the installed package, as `startWasm` takes it. */
export function wasmBinaries(): string {
  const manifest = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm/package.json');
  return join(dirname(manifest), 'dist') + sep;
}
