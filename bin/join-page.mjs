/**
 * The join page as files: scripts for browsers, minified, its document and its binary, each with the compressed forms in which a
 * coordinator gives it out. `apps/coordinator/src/volunteers/join-files.ts` has the list of names.
 */
import { copyFile, mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { compress, FOR_BROWSERS } from './page-files.mjs';

const require = createRequire(import.meta.url);

/** Written by hand, in apps/join/page. */
const COPIED = ['index.html', 'icon.svg'];
export const WRITTEN = [...COPIED, 'style.css'];
/** `shared.js` is what the session worker and the compute workers both need. */
const SCRIPTS = ['page.js', 'session.js', 'compute.js', 'shared.js'];
/** What a visit loads before it computes, the binary aside. */
export const LOADED = [...WRITTEN, ...SCRIPTS];
const BINARY = 'tfjs-backend-wasm-simd.wasm';

/** The threaded binary is never used (`libs/backends-web/src/wasm/start.ts`), so its loader stays out. */
const withoutThreads = {
  name: 'without-threads',
  setup(builder) {
    builder.onResolve({ filter: /tfjs-backend-wasm-threaded-simd/ }, ({ path }) => ({ path, namespace: 'unused' }));
    builder.onLoad({ filter: /.*/, namespace: 'unused' }, () => ({
      contents: 'export const wasmWorkerContents = "";',
    }));
  },
};

/** The WebGPU backend would be a file of its own even where its loader is not used; webgpu.js has it whole. */
const nothingLater = {
  name: 'nothing-later',
  setup(builder) {
    builder.onResolve({ filter: /.*/ }, ({ path, kind }) => {
      return kind === 'dynamic-import' ? { path, external: true } : undefined;
    });
  },
};

/**
 * Writes all files into a folder that is made for them.
 *
 * @param root of the repository.
 * @param quality of brotli.
 */
export async function writeJoinPage(root, folder, quality = 10) {
  const { build } = await import('esbuild');
  const options = {
    ...FOR_BROWSERS,
    absWorkingDir: root,
    outdir: folder,
    plugins: [withoutThreads],
  };
  const written = (name) => join('apps', 'join', 'page', name);
  const source = (name) => `apps/join/src/${name}.ts`;
  const { version } = require('@tensorflow/tfjs-backend-webgpu/package.json');
  const define = { WEBGPU_LIBRARY_VERSION: JSON.stringify(version) };
  await mkdir(folder, { recursive: true });
  await Promise.all([
    build({ ...options, entryPoints: [source('page')] }),
    // What both have in common is one file, for nothing is loaded later.
    build({
      ...options,
      entryPoints: ['session', 'compute'].map(source),
      splitting: true,
      chunkNames: 'shared',
      plugins: [withoutThreads, nothingLater],
    }),
    build({ ...options, entryPoints: [source('webgpu')], define }),
    build({ ...options, entryPoints: [written('style.css')] }),
    ...COPIED.map((name) => copyFile(join(root, written(name)), join(folder, name))),
    copyFile(join(binaries(), BINARY), join(folder, BINARY)),
  ]);
  await Promise.all([...LOADED, 'webgpu.js', BINARY].map((name) => compress(join(folder, name), quality)));
}

function binaries() {
  return join(dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json')), 'dist');
}
