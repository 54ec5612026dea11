import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fakeMachine, type FakeMachine } from './fake-tools.ts';
import { findToolchain } from './toolchain.ts';

let machine: FakeMachine;
beforeEach(async () => {
  machine = await fakeMachine();
});
afterEach(() => machine.remove());

const lacking = (code: string, message: string, remedy: string) => ({
  code,
  message: expect.stringContaining(message) as string,
  remedy,
});

describe('findToolchain', () => {
  it('finds what is there', async () => {
    const { CXX } = machine.env;
    await expect(findToolchain(machine.env)).resolves.toMatchObject({
      python: 'python3',
      compiler: { compiler: CXX },
    });
  });

  it('asks for no compiler where the binding was compiled elsewhere', async () => {
    await machine.program('c++', 'exit 1\n');
    expect(await findToolchain(machine.env, { compiles: false })).toEqual({ python: 'python3' });
  });

  it('names everything that is missing at once', async () => {
    const env = { PATH: `${machine.folder}/nowhere` };
    await expect(findToolchain(env, { os: 'linux' })).rejects.toMatchObject(
      lacking(
        'native-toolchain-missing',
        'lacks python3, a C++17 compiler',
        'Debian, Ubuntu: apt-get install python3 g++; Fedora: dnf install python3 gcc-c++',
      ),
    );
    await expect(findToolchain(env, { os: 'darwin' })).rejects.toMatchObject(
      lacking('native-toolchain-missing', 'lacks', 'brew install python3 and xcode-select --install'),
    );
  });

  it('tells a Python without pip from no Python', async () => {
    await machine.program('python3', 'case "$*" in *pip*) exit 1;; esac\n');
    await expect(findToolchain(machine.env, { os: 'linux' })).rejects.toMatchObject(
      lacking(
        'native-toolchain-missing',
        'lacks pip for python3',
        'Debian, Ubuntu: apt-get install python3-pip; Fedora: dnf install python3-pip',
      ),
    );
  });

  it('refuses a compiler older than C++17', async () => {
    await machine.program('c++', 'exit 1\n');
    await expect(findToolchain(machine.env, { os: 'linux' })).rejects.toMatchObject(
      lacking(
        'native-toolchain-missing',
        'lacks a C++17 compiler',
        'Debian, Ubuntu: apt-get install g++; Fedora: dnf install gcc-c++',
      ),
    );
  });
});
