/** Which libraries run anywhere: those that say so in their package.json, where the rule of layers reads it, too. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const libs = join(dirname(dirname(fileURLToPath(import.meta.url))), 'libs');

/** @returns the names of folders in libs/ whose sources must know no Node. */
export function anyRuntimeLibraries() {
  return readdirSync(libs).filter((name) => {
    const manifest = join(libs, name, 'package.json');
    // A folder that a build left behind is none.
    return existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).nx.tags.includes('runtime:any');
  });
}
