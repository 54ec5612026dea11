import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fakeMachine, type FakeMachine } from './fake-tools.ts';
import { installNative } from './install.ts';
import { buildBindingFolder } from './prebuilt.ts';

let machine: FakeMachine;
let binding: string;
beforeEach(async () => {
  machine = await fakeMachine();
  binding = join(machine.folder, 'image', 'binding');
});
afterEach(() => machine.remove());

describe('buildBindingFolder', () => {
  it('leaves the compiled binding and nothing of the library', async () => {
    const { env, set } = machine;
    expect(await buildBindingFolder(binding, { env, set })).toBe(binding);
    expect((await readdir(binding)).sort()).toEqual(['binding.json', 'prelude.node', 'tfjs_binding.node']);
    expect(await readdir(join(machine.folder, 'image'))).toEqual(['binding']);
  });

  it('replaces an older one, and leaves it as it was when the compiler fails', async () => {
    const { env, set } = machine;
    await buildBindingFolder(binding, { env, set });
    await writeFile(join(binding, 'old'), '');
    await machine.program('c++', `case "$*" in *-fsyntax-only*) exit 0;; esac\nexit 1\n`);
    await expect(buildBindingFolder(binding, { env, set })).rejects.toMatchObject({ code: 'native-build-failed' });
    expect(await readdir(binding)).toContain('old');
    expect(await readdir(join(machine.folder, 'image'))).toEqual(['binding']);
  });
});

describe('installNative with a binding that was compiled elsewhere', () => {
  const install = (env: Record<string, string>) => {
    const { set, cache } = machine;
    return installNative({ env: { ...machine.env, ...env }, set, cache });
  };

  it('needs no compiler', async () => {
    await buildBindingFolder(binding, { env: machine.env, set: machine.set });
    await machine.program('c++', 'exit 1\n');
    const { folder, installed } = await install({ GRADCAST_BINDING: binding });
    expect(installed).toBe(true);
    expect(await readFile(join(folder, 'tfjs_binding.node'), 'utf8')).toBe('built\n');
    expect(await machine.count('compiler')).toBe(2);
  });

  it('refuses one of other sources before it downloads', async () => {
    await mkdir(binding, { recursive: true });
    await expect(install({ GRADCAST_BINDING: binding })).rejects.toMatchObject({
      code: 'native-binding-mismatch',
      message: `${binding} holds no binding`,
    });
    await writeFile(join(binding, 'binding.json'), '{"key":"tensorflow-1"}');
    await expect(install({ GRADCAST_BINDING: binding })).rejects.toMatchObject({
      code: 'native-binding-mismatch',
      message: expect.stringContaining('tensorflow-1') as string,
    });
    expect(await machine.count('pip')).toBe(0);
  });
});
