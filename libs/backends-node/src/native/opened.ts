/**
 * The libraries that TensorFlow opens by their bare names. Whoever loads TensorFlow has loaded them before, by absolute
 * path; here is told whether that is enough, without a GPU.
 */
import { basename, join } from 'node:path';
import { openedPaths, type Environment } from './cache.ts';
import { lastLines, run } from './command.ts';
import { interrupted, nativeError } from './errors.ts';
import type { WheelSet } from './wheels.ts';

/** Loads what it is told to and says which file each bare name gives. Arguments: prelude, paths. */
const SCRIPT = `
const { basename } = require('node:path');
const [prelude, ...paths] = process.argv.slice(1);
try {
  const { loadLibrary, findLibrary } = require(prelude);
  for (const path of paths) loadLibrary(path);
  const found = paths.map((path) => [basename(path), findLibrary(basename(path))]);
  process.stdout.write(JSON.stringify(Object.fromEntries(found)));
} catch (error) {
  process.stderr.write(error.message);
  process.exitCode = 1;
}
`;

const LIMIT_MS = 120_000;

/**
 * Tries, in a process of its own, that each library loads on this machine and is what TensorFlow will get by its name.
 *
 * @param stage folder that holds `site-packages` and `prelude.node`.
 * @throws BackendError `native-load-failed` with the loader's words or the names that are not found.
 */
export async function checkOpened(
  stage: string,
  set: WheelSet,
  { env, signal }: { readonly env: Environment; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  const paths = openedPaths(set, stage);
  if (paths.length === 0) return;
  const args = ['-e', SCRIPT, '--', join(stage, 'prelude.node'), ...paths];
  const result = await run(process.execPath, args, { env, signal, limitMs: LIMIT_MS });
  if (signal?.aborted) throw interrupted();
  const missing = result.code === 0 ? unfoundIn(result.stdout, paths) : undefined;
  if (missing?.length === 0) return;
  throw nativeError(
    'native-load-failed',
    missing ? `TensorFlow does not get ${missing.join(', ')}` : `a library does not load: ${lastLines(result)}`,
    'use --backend webgpu or --backend wasm',
  );
}

function unfoundIn(printed: string, paths: readonly string[]): string[] {
  const found = JSON.parse(printed) as Record<string, string>;
  return unfound(paths, (name) => found[name]);
}

/**
 * The names that do not give the file which was loaded for them: none does, or another file of that name was there first.
 *
 * @param find which file a bare name gives.
 */
export function unfound(paths: readonly string[], find: (name: string) => string | undefined): string[] {
  return paths.flatMap((path) => {
    const name = basename(path);
    const found = find(name);
    // Systems that do not tell the file say the name.
    if (found === path || found === name) return [];
    return [found === undefined ? name : `${name} (${found} is loaded instead)`];
  });
}
