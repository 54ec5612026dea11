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

/**
 * On a graphics processor steps run as plans, by kernels of our own, so what tasks would run op by op on tfjs stays out. What called
 * it all the same would find no function there.
 */
export const withoutTfjs = {
  name: 'without-tfjs',
  setup(builder) {
    builder.onResolve({ filter: /^@tensorflow\// }, ({ path }) => ({ path, namespace: 'no-tfjs' }));
    builder.onLoad({ filter: /.*/, namespace: 'no-tfjs' }, () => ({ contents: 'module.exports = {};' }));
  },
};

/**
 * Writes all files into a folder that is made for them.
 *
 * @param root of the repository.
 * @param quality of brotli.
 * @returns esbuild's metafiles.
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
  await mkdir(folder, { recursive: true });
  const made = await Promise.all([
    build({ ...options, entryPoints: [source('page')] }),
    // What both have in common is one file, for nothing is loaded later.
    build({
      ...options,
      entryPoints: ['session', 'compute'].map(source),
      splitting: true,
      chunkNames: 'shared',
    }),
    build({ ...options, entryPoints: [source('webgpu')], plugins: [withoutTfjs] }),
    build({ ...options, entryPoints: [written('style.css')] }),
  ]);
  await Promise.all([
    ...COPIED.map((name) => copyFile(join(root, written(name)), join(folder, name))),
    copyFile(join(binaries(), BINARY), join(folder, BINARY)),
  ]);
  await Promise.all([...LOADED, 'webgpu.js', BINARY].map((name) => compress(join(folder, name), quality)));
  return made.map(({ metafile }) => metafile);
}

function binaries() {
  return join(dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json')), 'dist');
}
