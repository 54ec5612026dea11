import { describe, expect, it } from 'vitest';
import { downloadBytes, thisMachine, WHEEL_SETS, wheelsFor } from './wheels.ts';

const glibc = { libc: 'glibc' } as const;

describe('the platform table', () => {
  it('pins each file by name, version, hash and size', () => {
    for (const set of WHEEL_SETS) {
      for (const { distribution, version, file, sha256, bytes } of set.wheels) {
        expect(file.startsWith(`${distribution.replaceAll('-', '_')}-${version}-`), file).toBe(true);
        expect(sha256, file).toMatch(/^[0-9a-f]{64}$/);
        expect(bytes, file).toBeGreaterThan(1e6);
        const tags = file
          .replace(/\.whl$/, '')
          .split('-')
          .at(-1)!
          .split('.');
        expect(
          tags.some((tag) => set.tags.includes(tag)),
          `${file} carries none of the tags that pip is told`,
        ).toBe(true);
      }
    }
  });

  it('has one row per platform and variant, and each file once', () => {
    const rows = WHEEL_SETS.map(({ variant, platform }) => `${variant} ${platform}`);
    expect(rows).toEqual(['cpu linux-x64', 'cpu linux-arm64', 'cpu darwin-arm64', 'cuda linux-x64']);
    const hashes = WHEEL_SETS.flatMap(({ wheels }) => wheels.map(({ sha256 }) => sha256));
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  it('opens only libraries of its own wheels, each before the one that needs it', () => {
    for (const { variant, wheels, opens } of WHEEL_SETS) {
      expect(opens.length > 0).toBe(variant === 'cuda');
      const parts = wheels.map(({ distribution }) =>
        distribution.replace(/^nvidia-(.+)-cu12$/, '$1').replace('-', '_'),
      );
      for (const path of opens) expect(parts, path).toContain(path.split('/')[1]);
      const places = ['libnvJitLink', 'libcublasLt', 'libcublas.', 'libcusparse', 'libcusolver'].map((name) =>
        opens.findIndex((path) => path.includes(name)),
      );
      expect(places).toEqual([...places].sort((a, b) => a - b));
    }
  });

  it('says which rows nobody has run', () => {
    const run = WHEEL_SETS.filter((set) => set.run === 'run').map(({ platform, variant }) => `${variant} ${platform}`);
    expect(run).toEqual(['cpu linux-x64']);
  });
});

describe('wheelsFor', () => {
  it('takes the row of the machine', () => {
    expect(wheelsFor({ os: 'linux', arch: 'x64', ...glibc }, 'cpu').wheels[0].distribution).toBe('tensorflow-cpu');
    expect(wheelsFor({ os: 'linux', arch: 'arm64', ...glibc }, 'cpu').wheels[0].distribution).toBe('tensorflow');
    expect(wheelsFor({ os: 'darwin', arch: 'arm64', ...glibc }, 'cpu').library).toBe('libtensorflow_cc.2.dylib');
    expect(downloadBytes(wheelsFor({ os: 'linux', arch: 'x64', ...glibc }, 'cuda'))).toBeGreaterThan(3e9);
  });

  it.each([
    [{ os: 'win32', arch: 'x64', ...glibc }, 'cpu', 'win32-x64'],
    [{ os: 'darwin', arch: 'arm64', ...glibc }, 'cuda', 'only for linux-x64'],
    [{ os: 'linux', arch: 'x64', libc: 'other' }, 'cpu', 'glibc'],
  ] as const)('refuses %o with %s', (machine, variant, words) => {
    expect(() => wheelsFor(machine, variant)).toThrow(
      expect.objectContaining({ code: 'platform-unsupported', message: expect.stringContaining(words) as string }),
    );
  });

  it('knows the machine it runs on', () => {
    expect(thisMachine()).toMatchObject({ os: process.platform, arch: process.arch });
  });
});
