/**
 * Fetches pinned wheels with pip, which knows the user's proxies, mirrors and certificates.
 *
 * A wheel whose hash is right is never fetched again, so an interrupted installation goes on where it was. pip says
 * nothing machine-readable about its progress: the size of its growing temporary file is watched instead.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Environment } from './cache.ts';
import { lastLines, run } from './command.ts';
import { interrupted, nativeError } from './errors.ts';
import type { Wheel } from './wheels.ts';

export interface DownloadOptions {
  readonly python: string;
  readonly env: Environment;
  readonly tags: readonly string[];
  /** Where the wheels are kept until they are unpacked. */
  readonly folder: string;
  readonly signal?: AbortSignal | undefined;
  /** Called with the bytes of this wheel that are there, about four times a second. */
  readonly onBytes?: (bytes: number) => void;
  /** Tries before giving up. */
  readonly tries?: number;
  /** A try without a single new byte for this long is ended. */
  readonly stallMs?: number;
  readonly pollMs?: number;
}

/**
 * Makes sure that the wheel lies in the folder.
 *
 * @returns its path.
 * @throws BackendError `wheel-hash-mismatch` (the file is removed), `wheel-download-failed` after the last try,
 *   `install-interrupted` when the signal fires.
 */
export async function fetchWheel(wheel: Wheel, options: DownloadOptions): Promise<string> {
  const { folder, signal, tries = 3 } = options;
  const path = join(folder, wheel.file);
  await mkdir(folder, { recursive: true });
  if ((await sha256Of(path)) === wheel.sha256) return path;
  await rm(path, { force: true });
  let reason = '';
  for (let attempt = 1; attempt <= tries; attempt += 1) {
    reason = await downloadOnce(wheel, options);
    if (signal?.aborted) {
      throw interrupted();
    }
    if (reason === '') {
      await verify(wheel, path);
      return path;
    }
  }
  throw nativeError(
    'wheel-download-failed',
    `pip could not fetch ${wheel.file} in ${tries} tries: ${reason}`,
    'check the network, proxy (HTTPS_PROXY) and package index (PIP_INDEX_URL), then run it again',
  );
}

/** One try; returns the reason of its failure, empty on success. */
async function downloadOnce(wheel: Wheel, options: DownloadOptions): Promise<string> {
  const { python, env, tags, folder, signal, onBytes, stallMs = 180_000, pollMs = 250 } = options;
  const temporary = join(folder, 'pip');
  await rm(temporary, { recursive: true, force: true });
  await mkdir(temporary, { recursive: true });
  const stalled = new AbortController();
  let bytes = 0;
  let grewAt = performance.now();
  let looking = false;
  const look = async () => {
    const now = await bytesUnder(temporary);
    if (now > bytes) {
      bytes = now;
      grewAt = performance.now();
      onBytes?.(Math.min(bytes, wheel.bytes));
    } else if (performance.now() - grewAt > stallMs) stalled.abort();
  };
  const watch = setInterval(() => {
    if (looking) return;
    looking = true;
    void look().finally(() => (looking = false));
  }, pollMs);
  try {
    const args = ['-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--no-input', '--no-cache-dir'];
    args.push(
      '--no-deps',
      '--only-binary=:all:',
      '--python-version',
      '3.12',
      '--implementation',
      'cp',
      '--abi',
      'cp312',
    );
    for (const tag of tags) args.push('--platform', tag);
    args.push('--dest', folder, `${wheel.distribution}==${wheel.version}`);
    const result = await run(python, args, {
      env: { ...env, TMPDIR: temporary },
      signal: signal ? AbortSignal.any([signal, stalled.signal]) : stalled.signal,
    });
    if (stalled.signal.aborted) return `no byte came for ${Math.round(stallMs / 1000)} s`;
    return result.code === 0 ? '' : lastLines(result);
  } finally {
    clearInterval(watch);
    await rm(temporary, { recursive: true, force: true });
  }
}

async function verify(wheel: Wheel, path: string): Promise<void> {
  const sha256 = await sha256Of(path);
  if (sha256 === wheel.sha256) return;
  await rm(path, { force: true });
  const found = sha256 === undefined ? 'pip brought another file' : `its SHA-256 is ${sha256}`;
  throw nativeError(
    'wheel-hash-mismatch',
    `${wheel.file} is not the pinned file (${found}, expected ${wheel.sha256}); it was removed`,
    'check the package index or mirror that pip uses (pip config list)',
  );
}

/** SHA-256 of a file in hex; undefined if there is no such file. */
async function sha256Of(path: string): Promise<string | undefined> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  return hash.digest('hex');
}

/** Size of all files below a folder whose content changes meanwhile. */
async function bytesUnder(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  let sum = 0;
  for (const name of names) {
    const entry = await stat(join(folder, name)).catch(() => undefined);
    if (entry?.isFile()) sum += entry.size;
  }
  return sum;
}
