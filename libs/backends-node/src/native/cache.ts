/**
 * Where the native library and its binding lie: outside the checkout, because `npm ci` empties node_modules.
 *
 *     <cache>/native/<key>/site-packages/tensorflow/libtensorflow_cc.so.2 ...
 *     <cache>/native/<key>/tfjs_binding.node, prelude.node, installed.json
 *     <cache>/native/.<key>/   downloads and half-built things; renamed into place once whole
 */
import { createHash, type Hash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, shippedFolder } from '@gradcast/files';
import { TENSORFLOW_VERSION, type WheelSet } from './wheels.ts';

/** Names of environment variables and their values, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

export { cacheFolder };

/** Version of the package whose `binding/*.cc` is compiled. */
export const BINDING_VERSION = versionIn(join(tfjsNode(), 'package.json'));

function versionIn(manifest: string): string {
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
}

/** Source files of Gradcast's own that are compiled into the binding. */
export function nativeSources(): string {
  return ownFolder('native');
}

/** The part of `@tensorflow/tfjs-node-gpu` that is used: `binding/` to compile, `js/` to load. */
export function tfjsNode(): string {
  return ownFolder('tfjs-node');
}

/** A folder of this library that is no TypeScript. */
function ownFolder(name: 'native' | 'tfjs-node'): string {
  const folder = shippedFolder(import.meta.url, 'libs', 'backends-node', name);
  if (folder === undefined) throw new Error(`libs/backends-node/${name} is missing from this installation`);
  return folder;
}

/** Name of the folder that holds one set, built by one binding from one state of the sources. */
export function nativeKey(set: WheelSet): string {
  const hash = createHash('sha256');
  for (const wheel of set.wheels) hash.update(`${wheel.file} ${wheel.sha256}\n`);
  addSources(hash);
  const digest = hash.digest('hex').slice(0, 8);
  return `tensorflow-${TENSORFLOW_VERSION}-${set.variant}-${set.platform}-binding-${BINDING_VERSION}-${digest}`;
}

/** What a binding that was compiled elsewhere must agree in with the library that it is to be loaded beside. */
export function bindingKey(platform: string): string {
  const hash = createHash('sha256');
  addSources(hash);
  const digest = hash.digest('hex').slice(0, 8);
  return `tensorflow-${TENSORFLOW_VERSION}-${platform}-binding-${BINDING_VERSION}-${digest}`;
}

function addSources(hash: Hash): void {
  for (const sources of [nativeSources(), join(tfjsNode(), 'binding')]) {
    for (const file of readdirSync(sources).sort()) hash.update(readFileSync(join(sources, file)));
  }
}

/** Places of one installation, existing or to be made. */
export interface NativePaths {
  /** Folder of the whole installation; it exists only when complete. */
  readonly folder: string;
  /** Folder for what is under way. */
  readonly scratch: string;
  readonly lock: string;
  readonly binding: string;
  readonly prelude: string;
  /** Folder of the TensorFlow libraries. */
  readonly libraries: string;
  readonly framework: string;
  readonly library: string;
  /** What TensorFlow opens by bare names, in the order in which it has to be loaded; see {@link WheelSet.opens}. */
  readonly opens: readonly string[];
}

/** Where a set lies (or will lie) under a cache folder. */
export function nativePaths(set: WheelSet, cache: string = cacheFolder()): NativePaths {
  const key = nativeKey(set);
  const folder = join(cache, 'native', key);
  const libraries = join(folder, 'site-packages', 'tensorflow');
  return {
    folder,
    scratch: join(cache, 'native', `.${key}`),
    lock: join(cache, 'native', `.${key}.lock`),
    binding: join(folder, 'tfjs_binding.node'),
    prelude: join(folder, 'prelude.node'),
    libraries,
    framework: join(libraries, set.framework),
    library: join(libraries, set.library),
    opens: openedPaths(set, folder),
  };
}

/** The paths of {@link WheelSet.opens} in a folder that holds `site-packages`. */
export function openedPaths(set: WheelSet, folder: string): string[] {
  return set.opens.map((path) => join(folder, 'site-packages', path));
}

/** Whether the set is installed: the folder appears with one rename, once everything in it works. */
export function isInstalled(set: WheelSet, cache?: string): boolean {
  return existsSync(nativePaths(set, cache).folder);
}
