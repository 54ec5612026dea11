/** Bundles test/attack and runs it with the arguments given: `npm run attack -- --only TEXT`. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build as bundle, stop } from 'esbuild';
import { root, workspaceOnly } from './build.mjs';

// As deep in the tree as a source of a library: what looks for the repository from where it stands still finds it.
const outfile = join(root, 'dist', 'tools', 'attack', 'main.mjs');
await bundle({
  absWorkingDir: root,
  entryPoints: ['test/attack/main.ts'],
  outfile,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  logLevel: 'error',
  plugins: [workspaceOnly],
});
await stop();
await import(pathToFileURL(outfile).href);
