/**
 * Installs the native TensorFlow library: fetch the pinned wheels, check them, unpack, compile the binding, and put
 * everything in place with one rename.
 *
 * Invariant: the final folder exists only when everything in it is whole. Whether this machine can run it is another
 * question, which the backend's probe answers.
 */
import { existsSync } from 'node:fs';
import { access, constants, mkdir, rename, rm, statfs, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { copyBinding, requireBinding } from './binding-files.ts';
import { buildBinding } from './build.ts';
import { cacheFolder, nativePaths, type Environment } from './cache.ts';
import { fetchWheel } from './download.ts';
import { nativeError } from './errors.ts';
import { withLock } from './lock.ts';
import { checkOpened } from './opened.ts';
import { findToolchain, type Toolchain } from './toolchain.ts';
import { unpackWheel } from './unpack.ts';
import { downloadBytes, thisMachine, wheelsFor, type NativeVariant, type WheelSet } from './wheels.ts';

/** How far an installation is. Bytes are of all wheels together. */
export type InstallProgress =
  | { readonly stage: 'waiting' }
  | { readonly stage: 'download'; readonly file: string; readonly bytes: number; readonly totalBytes: number }
  | { readonly stage: 'unpack'; readonly file: string }
  | { readonly stage: 'build' };

export interface InstallOptions {
  /** `cpu` unless said otherwise; `cuda` fetches gigabytes under NVIDIA's licence, so the caller asks first. */
  readonly variant?: NativeVariant;
  /** Defaults to the pinned set for this machine. */
  readonly set?: WheelSet;
  readonly cache?: string;
  readonly env?: Environment;
  readonly onProgress?: (progress: InstallProgress) => void;
  readonly signal?: AbortSignal;
  /** Folder that `buildBindingFolder` made: then nothing is compiled here. Defaults to `$GRADCAST_BINDING`. */
  readonly binding?: string | undefined;
}

export interface Installation {
  readonly folder: string;
  /** False when it was there already. */
  readonly installed: boolean;
  readonly set: WheelSet;
}

/** Room for the unpacked library, as a multiple of the wheels' size; the wheels themselves come on top. */
const UNPACKED_FACTOR = 3.3;

/**
 * Makes sure that the native library and its binding are in the cache. Cheap when they are; safe to call from several
 * processes at once; after an interruption the next call goes on with the wheels it finds.
 *
 * @throws BackendError with the code of the step that failed; nothing half-made is left where it could be used.
 */
export async function installNative(options: InstallOptions = {}): Promise<Installation> {
  const { env = process.env, onProgress, signal } = options;
  const set = options.set ?? wheelsFor(thisMachine(), options.variant ?? 'cpu');
  const paths = nativePaths(set, options.cache ?? cacheFolder(env));
  const present = { folder: paths.folder, installed: false, set };
  const binding = options.binding ?? (env['GRADCAST_BINDING'] || undefined);
  if (existsSync(paths.folder)) return present;
  await makeWritable(dirname(paths.folder));
  const onWait = () => onProgress?.({ stage: 'waiting' });
  return withLock(paths.lock, { signal, onWait }, async () => {
    if (existsSync(paths.folder)) return present;
    if (binding !== undefined) await requireBinding(binding, set);
    const toolchain = await findToolchain(env, { compiles: binding === undefined });
    const stage = join(paths.scratch, 'stage');
    await rm(stage, { recursive: true, force: true });
    await mkdir(paths.scratch, { recursive: true });
    await checkRoom(paths.scratch, set);
    const job: Job = { env, set, toolchain, stage, onProgress, signal };
    await unpackAll(await fetchAll(join(paths.scratch, 'wheels'), job), job);
    onProgress?.({ stage: 'build' });
    if (toolchain.compiler) await buildBinding({ ...job, toolchain: toolchain.compiler });
    else await copyBinding(binding!, stage);
    await checkOpened(stage, set, { env, signal });
    await rm(join(stage, 'site-packages', 'tensorflow', 'include'), { recursive: true, force: true });
    await writeFile(join(stage, 'installed.json'), `${JSON.stringify(set, undefined, 2)}\n`);
    await rename(stage, paths.folder);
    await rm(paths.scratch, { recursive: true, force: true });
    return { folder: paths.folder, installed: true, set };
  });
}

/** What every step of one installation needs. */
interface Job {
  readonly env: Environment;
  readonly set: WheelSet;
  readonly toolchain: Toolchain;
  readonly stage: string;
  readonly onProgress: InstallOptions['onProgress'];
  readonly signal: AbortSignal | undefined;
}

/** Returns the paths of the verified wheels, in the set's order. */
async function fetchAll(folder: string, { env, set, toolchain, onProgress, signal }: Job): Promise<string[]> {
  const totalBytes = downloadBytes(set);
  const files: string[] = [];
  let before = 0;
  for (const wheel of set.wheels) {
    const onBytes = (bytes: number) =>
      onProgress?.({ stage: 'download', file: wheel.file, bytes: before + bytes, totalBytes });
    onBytes(0);
    files.push(await fetchWheel(wheel, { python: toolchain.python, env, tags: set.tags, folder, signal, onBytes }));
    onBytes(wheel.bytes);
    before += wheel.bytes;
  }
  return files;
}

async function unpackAll(
  files: readonly string[],
  { env, set, toolchain, stage, onProgress, signal }: Job,
): Promise<void> {
  const sitePackages = join(stage, 'site-packages');
  for (const file of files) {
    onProgress?.({ stage: 'unpack', file: basename(file) });
    await unpackWheel(file, sitePackages, { python: toolchain.python, env, set, signal });
  }
  for (const library of [set.library, set.framework]) {
    if (existsSync(join(sitePackages, 'tensorflow', library))) continue;
    throw nativeError('native-unpack-failed', `the wheels hold no ${library}`, 'use --backend wasm');
  }
}

async function makeWritable(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    await access(folder, constants.W_OK);
  } catch (cause) {
    const remedy = 'point GRADCAST_CACHE at a folder that can be written';
    throw nativeError('cache-unwritable', `the cache folder ${folder} cannot be written`, remedy, cause);
  }
}

async function checkRoom(folder: string, set: WheelSet): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const needed = downloadBytes(set) * (1 + UNPACKED_FACTOR);
  if (bavail * bsize >= needed) return;
  const gigabytes = (bytes: number) => (bytes / 1e9).toFixed(1);
  throw nativeError(
    'native-unpack-failed',
    `${folder} has ${gigabytes(bavail * bsize)} GB free, the installation needs ${gigabytes(needed)} GB`,
    'free some room, or point GRADCAST_CACHE at a larger disk',
  );
}
