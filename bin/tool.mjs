/**
 * Bundles test/NAME/main.ts and runs it with the other arguments: `node bin/tool.mjs chaos --minutes 2`. What package.json
 * names as scripts (attack, chaos, soak, containers, portability) goes through here.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build as bundle, stop } from 'esbuild';
import { root, workspaceOnly } from './build.mjs';

const [name = ''] = process.argv.splice(2, 1);
const entry = join('test', name, 'main.ts');
if (!/^[a-z-]+$/.test(name) || !existsSync(join(root, entry))) {
  process.stderr.write(`tool: there is no test/${name}/main.ts\n`);
  process.exit(2);
}
// As deep in the tree as a source of a library: what looks for the repository from where it stands still finds it.
const outfile = join(root, 'dist', 'tools', name, 'main.mjs');
await bundle({
  absWorkingDir: root,
  entryPoints: [entry],
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
