/** Takes out of a wheel what the backend needs: the libraries, NVIDIA's files, and while building a few headers. */
import { mkdir } from 'node:fs/promises';
import type { Environment } from './cache.ts';
import { lastLines, run } from './command.ts';
import { interrupted, nativeError } from './errors.ts';
import type { WheelSet } from './wheels.ts';

/** Header folders that the binding's sources reach; the whole include/ has 12,000 files. */
const HEADERS = ['tensorflow/c/', 'tensorflow/core/platform/', 'tsl/platform/', 'xla/tsl/c/', 'absl/'];

/**
 * Python, because a wheel is a zip file and pip needs Python anyway. Arguments: wheel, target, names or prefixes.
 * `extractall` leaves modes behind, and programs that XLA starts (`ptxas`) must be executable. A wheel made on Windows has no
 * modes. Special bits are dropped, and the owner can always read and replace a file.
 */
const SCRIPT = `
import os, sys, zipfile
wheel, target, wanted = sys.argv[1], sys.argv[2], tuple(sys.argv[3:])
with zipfile.ZipFile(wheel) as archive:
    files = [info for info in archive.infolist() if info.filename.startswith(wanted) and not info.is_dir()]
    for info in files:
        path = archive.extract(info, target)
        mode = (info.external_attr >> 16) & 0o777
        if mode:
            os.chmod(path, mode | 0o600)
print(len(files))
`;

/**
 * Unpacks the needed parts of a verified wheel into a `site-packages` folder: CUDA's libraries find each other by
 * paths relative to that layout.
 *
 * @throws BackendError `native-unpack-failed` if Python fails or the wheel holds nothing of use.
 */
export async function unpackWheel(
  wheel: string,
  sitePackages: string,
  { python, env, set, signal }: UnpackOptions,
): Promise<void> {
  await mkdir(sitePackages, { recursive: true });
  const wanted = [set.library, set.framework].map((file) => `tensorflow/${file}`);
  wanted.push(...HEADERS.map((folder) => `tensorflow/include/${folder}`), 'nvidia/');
  const result = await run(python, ['-c', SCRIPT, wheel, sitePackages, ...wanted], { env, signal });
  if (signal?.aborted) {
    throw interrupted();
  }
  if (result.code !== 0 || Number(result.stdout) === 0) {
    throw nativeError(
      'native-unpack-failed',
      `could not unpack ${wheel}: ${result.code === 0 ? 'it holds none of the expected files' : lastLines(result)}`,
      'see that the disk has 2 GB free, then run it again',
    );
  }
}

export interface UnpackOptions {
  readonly python: string;
  readonly env: Environment;
  readonly set: WheelSet;
  readonly signal?: AbortSignal | undefined;
}
