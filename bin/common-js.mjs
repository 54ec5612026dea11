/**
 * CommonJS packages of npm, loaded by `require`. An `import` of one makes Node read all of its text for names that it may export, before it
 * runs: 90 ms of processor time for `@tensorflow/tfjs-core` alone, in each process and each thread.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NAMESPACE = 'common-js';

/** First line of each built file: what its packages are required with. */
export const REQUIRE_PACKAGE =
  "import { createRequire as requireOf } from 'node:module'; const requirePackage = requireOf(import.meta.url);";

/** Their ES module is a wrapper that imports CommonJS. */
const WRAPPED = new Set(['ws']);

/**
 * esbuild's plugin: packages of npm stay outside the bundle, those of CommonJS are required, others imported. Nothing is loaded whose
 * names nobody uses, so none may be imported for what loading it does.
 *
 * @param isBundled whether a name is bundled all the same.
 */
export function packagesOutside(isBundled) {
  return {
    name: 'packages-outside',
    setup(builder) {
      builder.onResolve({ filter: /^[^./]/ }, ({ path, kind }) => {
        if (isBundled(path) || kind === 'entry-point') return undefined;
        // What is loaded when asked for stays an import: it is awaited.
        const isRequired = kind === 'import-statement' && (WRAPPED.has(path) || isCommonJs(path));
        return { path, sideEffects: false, ...(isRequired ? { namespace: NAMESPACE } : { external: true }) };
      });
      builder.onLoad({ filter: /.*/, namespace: NAMESPACE }, ({ path }) => ({
        contents: `module.exports = requirePackage(${JSON.stringify(path)});`,
        loader: 'js',
      }));
    },
  };
}

/** @param metafile of a built file. @returns names that it requires by what the plugin made of their imports. */
export function requiredPaths({ inputs }) {
  const start = `${NAMESPACE}:`;
  return Object.keys(inputs).flatMap((name) => (name.startsWith(start) ? [name.slice(start.length)] : []));
}

/** What is known of names: a build asks for each import of each file of each bundle. */
const known = new Map();

function isCommonJs(path) {
  if (!known.has(path)) known.set(path, looksCommonJs(path));
  return known.get(path);
}

function looksCommonJs(path) {
  const url = import.meta.resolve(path);
  if (!url.startsWith('file:')) return false;
  const file = fileURLToPath(url);
  const extension = extname(file);
  return extension === '.cjs' || (extension === '.js' && typeOf(dirname(file)) !== 'module');
}

/** The `type` that holds for files in a folder. */
function typeOf(folder) {
  const manifest = join(folder, 'package.json');
  if (existsSync(manifest)) return JSON.parse(readFileSync(manifest, 'utf8')).type;
  const above = dirname(folder);
  return above === folder ? undefined : typeOf(above);
}
