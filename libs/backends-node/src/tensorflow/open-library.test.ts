import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { nativePaths } from '../native/cache.ts';
import { fakeInstallation, type FakeBinding, type FakeInstallation } from '../native/fake-libraries.ts';
import { thisMachine, wheelsFor } from '../native/wheels.ts';
import { loadAddon, type Prelude } from './binding.ts';
import { openLibrary } from './open-library.ts';

let written: string;
let fake: FakeInstallation | undefined;
beforeEach(() => {
  written = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => ((written += String(text)), true));
});
afterEach(async () => {
  vi.restoreAllMocks();
  await fake?.remove();
  fake = undefined;
});

function open(paths: FakeInstallation['paths']): FakeBinding {
  return openLibrary(paths, {}) as unknown as FakeBinding;
}

describe.runIf(process.platform === 'linux')('openLibrary', () => {
  it('loads what TensorFlow opens by bare names before TensorFlow, and switches TensorFloat-32 off', async () => {
    fake = await fakeInstallation();
    const { opens, framework } = fake.paths;
    expect(open(fake.paths)).toEqual({ found: true, tensorFloat32: false });
    expect(written).toBe('');
    const maps = readFileSync('/proc/self/maps', 'utf8');
    for (const path of [...opens, framework]) expect(maps).toContain(path);
  }, 60_000);

  it('names a library that is missing; without it TensorFlow finds nothing, and its words are passed on', async () => {
    fake = await fakeInstallation();
    const { folder } = fake.paths;
    const missing = `${folder}/libnone.so.1`;
    expect(() => open({ ...fake!.paths, opens: [missing] })).toThrow(
      expect.objectContaining({
        code: 'native-load-failed',
        message: expect.stringContaining(basename(missing)) as string,
        remedy: `remove ${folder} and run gradcast doctor --install`,
      }),
    );
    expect(open({ ...fake.paths, opens: [] })).toMatchObject({ found: false });
    expect(written).toBe('Cannot dlopen some GPU libraries\n');
  }, 60_000);

  it('says so where TensorFlow has no switch for TensorFloat-32', async () => {
    fake = await fakeInstallation({ float32Switch: false });
    expect(open(fake.paths)).toEqual({ found: true, tensorFloat32: true });
    expect(written).toMatch(/^TensorFlow has no switch for TensorFloat-32 here[^\n]*\n$/);
  }, 60_000);
});

/** Needs the installed library: `gradcast doctor --install`. */
describe('the installed library', () => {
  it('has the switch for TensorFloat-32', () => {
    const { prelude: path, framework } = nativePaths(wheelsFor(thisMachine(), 'cpu'));
    expect(existsSync(path)).toBe(true);
    const prelude = loadAddon(path) as Prelude;
    prelude.setEnvironment('TF_CPP_MIN_LOG_LEVEL', '1');
    prelude.loadLibrary(framework);
    expect(prelude.findLibrary(basename(framework))).toBe(framework);
    expect(prelude.disableTensorFloat32(framework)).toBe(true);
    expect(prelude.disableTensorFloat32(`${framework}.none`)).toBe(false);
    expect(prelude.findLibrary('libgradcastnone.so.1')).toBeUndefined();
  });
});
