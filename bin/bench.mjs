/**
 * Runs a benchmark: `node bin/bench.mjs hub --rounds 1` is bench/hub.ts, `--help` behind the name says what it takes, and
 * bench/README.md which there are. Everything it writes lies in a folder of its own under dist/, which goes with it.
 */
import { existsSync, rmSync } from 'node:fs';
import { mkdir, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { stop } from 'esbuild';
import { build, root } from './build.mjs';
import { bundleProgram } from './bundle.mjs';

const [name = '', ...args] = process.argv.slice(2);
if (!/^[a-z-]+$/.test(name) || !existsSync(join(root, 'bench', `${name}.ts`))) {
  process.stderr.write(`bench: there is no benchmark ${name === '' ? "''" : name}: bench/README.md lists them\n`);
  process.exit(2);
}
const all = join(root, 'dist', 'bench');
await mkdir(all, { recursive: true });
const folder = await mkdtemp(join(all, `${name}-`));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const contents = `export { benchmark } from './bench/${name}.ts'; export { runBenchmark } from './bench/harness/benchmark.ts';`;
const main = await bundleProgram({ stdin: { contents, resolveDir: root } }, join(folder, 'main.mjs'));
await stop();
const { benchmark, runBenchmark } = await import(pathToFileURL(main).href);
let last = Promise.resolve();
// One after the other, since esbuild's own process is ended each time: it would run beside what is measured.
const bundle = (source, outfile) =>
  (last = last.then(() => bundleProgram({ entryPoints: [source] }, outfile)).finally(stop));
process.exit(await runBenchmark(benchmark, { root, folder, build, bundle }, args));
