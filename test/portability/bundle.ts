/** Builds the program for Node and for a page. */
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { repository as root } from '@gradcast/testing';
import { build, type Plugin } from 'esbuild';
import { bundleProgram } from '../../bin/bundle.mjs';

/** Parts of libraries that only Node can run are left out as unused; what they import must be there all the same. */
const withoutNode: Plugin = {
  name: 'without-node',
  setup(builder) {
    const names = new Set(builtinModules);
    builder.onResolve({ filter: /.*/ }, ({ path }) => {
      const isBuiltin = path.startsWith('node:') || names.has(path);
      return isBuiltin ? { path, namespace: 'nothing', sideEffects: false } : undefined;
    });
    builder.onLoad({ filter: /.*/, namespace: 'nothing' }, () => ({ contents: 'module.exports = {};', loader: 'js' }));
  },
};

/** @returns the path of the program for Node; it lies in the repository, so that it finds its packages. */
export function nodeProgram(): Promise<string> {
  const from = { absWorkingDir: root, entryPoints: ['test/portability/in-node.ts'] };
  return bundleProgram(from, join(root, 'dist', 'tools', 'portability', 'in-node.mjs'));
}

/** @returns the page's script, packages included. */
export async function pageScript(page = 'in-page', plugins: readonly Plugin[] = [withoutNode]): Promise<string> {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [`test/portability/${page}.ts`],
    bundle: true,
    format: 'iife',
    platform: 'browser',
    target: 'es2022',
    minify: true,
    write: false,
    logLevel: 'error',
    plugins: [...plugins],
  });
  return outputFiles[0].text;
}
