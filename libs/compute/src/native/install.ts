/**
 * Installs the native TensorFlow library: fetch the pinned wheels, check them, unpack, compile the binding, and put
 * everything in place with one rename.
 *
 * Invariant: the final folder exists only when everything in it is whole. Whether this machine can run it is another
 * question, which the backend's probe answers.
 */
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, statfs, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { buildBinding } from './build.ts';
import { cacheFolder, nativePaths, type Environment } from './cache.ts';
import { fetchWheel } from './download.ts';
import { nativeError } from './errors.ts';
import { withLock } from './lock.ts';
import { findToolchain } from './toolchain.ts';
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
  if (existsSync(paths.folder)) return { folder: paths.folder, installed: false, set };
  await mkdir(dirname(paths.folder), { recursive: true });
  const onWait = () => onProgress?.({ stage: 'waiting' });
  return withLock(paths.lock, { signal, onWait }, async () => {
    if (existsSync(paths.folder)) return { folder: paths.folder, installed: false, set };
    const toolchain = await findToolchain(env);
    await mkdir(paths.scratch, { recursive: true });
    await checkRoom(paths.scratch, set);
    const downloads = join(paths.scratch, 'wheels');
    const stage = join(paths.scratch, 'stage');
    await rm(stage, { recursive: true, force: true });
    const totalBytes = downloadBytes(set);
    const files: string[] = [];
    let before = 0;
    for (const wheel of set.wheels) {
      const { file } = wheel;
      const onBytes = (bytes: number) => onProgress?.({ stage: 'download', file, bytes: before + bytes, totalBytes });
      onBytes(0);
      const { python } = toolchain;
      files.push(await fetchWheel(wheel, { python, env, tags: set.tags, folder: downloads, signal, onBytes }));
      before += wheel.bytes;
      onBytes(0);
    }
    const { python } = toolchain;
    for (const [index, file] of files.entries()) {
      onProgress?.({ stage: 'unpack', file: set.wheels[index].file });
      await unpackWheel(file, join(stage, 'site-packages'), { python, env, set, signal });
    }
    onProgress?.({ stage: 'build' });
    await buildBinding({ toolchain, env, set, paths, stage, signal });
    await rm(join(stage, 'site-packages', 'tensorflow', 'include'), { recursive: true, force: true });
    await writeFile(join(stage, 'installed.json'), `${JSON.stringify(set, undefined, 2)}\n`);
    await rename(stage, paths.folder);
    await rm(paths.scratch, { recursive: true, force: true });
    return { folder: paths.folder, installed: true, set };
  });
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
