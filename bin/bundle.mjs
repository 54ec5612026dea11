/** Makes programs for Node out of the repository's TypeScript, for tools and benchmarks: Node 20 cannot load it. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, stop } from 'esbuild';
import { forNode, root } from './build.mjs';

/**
 * Bundles a program for Node; npm packages stay outside, so the file must lie where they are found.
 *
 * @param from esbuild's `entryPoints` or `stdin`, and where they lie if this runs out of a bundle itself.
 * @returns `outfile`.
 */
export async function bundleProgram(from, outfile) {
  await build({ ...forNode, ...from, outfile });
  return outfile;
}

/** Bundles and imports a tool that has this process to itself. */
export async function loadTool(name, from) {
  // As deep in the tree as a source of a library: what looks for the repository from where it stands still finds it.
  const outfile = await bundleProgram(from, join(root, 'dist', 'tools', name, 'main.mjs'));
  await stop();
  return import(pathToFileURL(outfile).href);
}
