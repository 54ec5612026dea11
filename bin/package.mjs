/**
 * What `npm pack` runs before and after it makes the package: `node bin/package.mjs prepare|restore`. Before, everything is
 * built into dist/package and package.json becomes that of the package; after, both are as they were.
 *
 * Invariant: the checkout's package.json is moved aside, not copied, and moved back; one that an interrupted run left aside is
 * moved back by the next.
 */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { stop } from 'esbuild';
import { bundleInto, root } from './build.mjs';
import { bundleProgram } from './bundle.mjs';
import { requiredPaths } from './common-js.mjs';
import { licensesOf } from './licenses.mjs';

const manifest = join(root, 'package.json');
const aside = join(root, 'dist', 'package.json');
/** As deep in the package as a build is in a checkout: what looks upwards from a built file finds the same. */
const folder = join(root, 'dist', 'package');
const APPS = ['cli', 'coordinator', 'worker'];
const API = 'apps/cli/src/api.ts';

async function prepare() {
  await restore();
  await mkdir(folder, { recursive: true });
  const { programs, pages } = await bundleInto(folder, { sourcemap: false, quality: 11 });
  await writeFile(join(folder, 'LICENSES.txt'), await licensesOf(root, [...programs, ...pages]));
  const types = await writeTypes();
  const ours = await read(manifest);
  const packed = packedManifest(ours, { types, ...(await runtimeDependencies(importedPackages(programs))) });
  const next = join(folder, 'package.json');
  await writeFile(next, `${JSON.stringify(packed, undefined, 2)}\n`);
  await rename(manifest, aside);
  await rename(next, manifest);
}

async function restore() {
  if (existsSync(aside)) await rename(aside, manifest);
  await rm(folder, { recursive: true, force: true });
}

/** What of the checkout's package.json is the package's, and what only the package has. */
function packedManifest(ours, { types, dependencies, optionalDependencies }) {
  const { name, version, description, keywords, license, type, engines, files } = ours;
  const api = { types: `./dist/package/types/${types}`, default: './dist/package/api.mjs' };
  return {
    ...{ name, version, description, keywords, license, type, engines, files },
    bin: { gradcast: 'dist/package/cli.mjs' },
    exports: { '.': api, './package.json': './package.json' },
    ...{ dependencies, optionalDependencies },
  };
}

/** The declarations of what `import 'gradcast'` gives; @returns the entry's file name. */
async function writeTypes() {
  const { declarationsOf } = await import('./types.mjs');
  const contents = `export { trainOptionsType } from './apps/cli/src/api/train-options-type.ts';`;
  const program = await bundleProgram({ stdin: { contents, resolveDir: root } }, join(folder, 'options.mjs'));
  await stop();
  const { trainOptionsType } = await import(pathToFileURL(program).href);
  const made = declarationsOf(API, { 'apps/cli/src/api/train-options.ts': trainOptionsType() });
  for (const [name, text] of made) {
    const file = join(folder, 'types', name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
  await rm(program);
  return [...made.keys()][0];
}

/**
 * What the programs need of npm: the dependencies of the apps and of the libraries that these need.
 *
 * @param imported names that the built programs import.
 */
async function runtimeDependencies(imported) {
  const found = { dependencies: new Map(), optionalDependencies: new Map() };
  const seen = new Set();
  const waiting = APPS.map((name) => join(root, 'apps', name));
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    const needs = await read(join(next, 'package.json'));
    for (const kind of Object.keys(found)) {
      for (const [name, range] of Object.entries(needs[kind] ?? {})) {
        if (name.startsWith('@gradcast/')) waiting.push(join(root, 'libs', name.slice('@gradcast/'.length)));
        // One that is bundled, too: declarations of types name it.
        else found[kind].set(name, range);
      }
    }
  }
  const known = [...found.dependencies.keys(), ...found.optionalDependencies.keys(), ...builtinModules];
  const strange = [...imported].filter((name) => !known.includes(name));
  if (strange.length > 0) throw new Error(`no app or library declares ${strange.join(', ')}`);
  const sorted = (map) => Object.fromEntries([...map].sort(([a], [b]) => (a < b ? -1 : 1)));
  return { dependencies: sorted(found.dependencies), optionalDependencies: sorted(found.optionalDependencies) };
}

/** The npm packages that programs import or require by name. */
function importedPackages(metafiles) {
  const outputs = metafiles.flatMap((metafile) => Object.values(metafile.outputs));
  const imported = outputs.flatMap(({ imports }) => imports.filter(({ external }) => external).map(({ path }) => path));
  const paths = [...imported, ...outputs.flatMap(requiredPaths)];
  const names = paths.filter((path) => !/^(\.|node:)/.test(path) && !builtinModules.includes(path));
  return new Set(names.map((path) => path.split('/', path.startsWith('@') ? 2 : 1).join('/')));
}

async function read(file) {
  return JSON.parse(await readFile(file, 'utf8'));
}

const steps = { prepare, restore };
const step = steps[process.argv[2]];
if (!step) {
  console.error('package: prepare or restore');
  process.exit(2);
}
await step();
