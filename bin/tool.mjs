/**
 * Bundles test/NAME/main.ts and runs it with the other arguments: `node bin/tool.mjs chaos --minutes 2`. What package.json
 * names as scripts (attack, chaos, soak, containers, portability) goes through here.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './build.mjs';
import { loadTool } from './bundle.mjs';

const [name = ''] = process.argv.splice(2, 1);
const entry = join('test', name, 'main.ts');
if (!/^[a-z-]+$/.test(name) || !existsSync(join(root, entry))) {
  process.stderr.write(`tool: there is no test/${name}/main.ts\n`);
  process.exit(2);
}
await loadTool(name, { entryPoints: [entry] });
