/**
 * A machine for tests of the installation: a folder of fake programs for PATH, a tiny wheel, a cache.
 *
 * The fake pip copies the wheel after appending a line to a log; the fake compiler writes the file it was asked for.
 * Everything else that python3 is asked to do goes to the real one.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WheelSet } from './wheels.ts';

export interface FakeMachine {
  readonly folder: string;
  readonly cache: string;
  readonly env: Record<string, string>;
  readonly set: WheelSet;
  /** Replaces a program by a shell script. */
  program(name: string, script: string): Promise<void>;
  /** How often pip downloaded and the compiler compiled. */
  count(what: 'pip' | 'compiler'): Promise<number>;
  remove(): Promise<void>;
}

const FILE = 'tensorflow_fake-1.0-cp312-cp312-any.whl';
const MAKE_WHEEL = `
import sys, zipfile
with zipfile.ZipFile(sys.argv[1], 'w') as archive:
    for name in ['tensorflow/libcc.so', 'tensorflow/libframework.so', 'tensorflow/include/tensorflow/c/c_api.h', 'tensorflow/python/big.so']:
        archive.writestr(zipfile.ZipInfo(name), name * 100)
`;

/** The pip that works: writes half the file where pip keeps its temporary files, then the whole one in its place. */
export const WORKING_PIP = `
echo pip >> "$FAKE/pip.log"
while [ $# -gt 0 ]; do [ "$1" = --dest ] && dest="$2"; shift; done
mkdir -p "$TMPDIR/pip-unpack"
head -c 100 "$FAKE/${FILE}" > "$TMPDIR/pip-unpack/${FILE}"
cp "$FAKE/${FILE}" "$dest/${FILE}"
`;

export const WORKING_COMPILER = `
for last; do true; done
case "$*" in *-fsyntax-only*) exit 0;; esac
echo compiler >> "$FAKE/compiler.log"
while [ $# -gt 0 ]; do [ "$1" = -o ] && echo built > "$2"; shift; done
`;

/** Builds the machine; the caller removes it. */
export async function fakeMachine(): Promise<FakeMachine> {
  const folder = await mkdtemp(join(tmpdir(), 'gradcast-native-'));
  const bin = join(folder, 'bin');
  await mkdir(bin);
  const python = execFileSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }).trim();
  const wheel = join(folder, FILE);
  execFileSync(python, ['-c', MAKE_WHEEL, wheel]);
  const content = await readFile(wheel);
  const sha256 = createHash('sha256').update(content).digest('hex');
  const program = async (name: string, script: string) => {
    await writeFile(join(bin, name), `#!/bin/sh\n${script}`);
    await chmod(join(bin, name), 0o755);
  };
  const machine: FakeMachine = {
    folder,
    cache: join(folder, 'cache'),
    env: { PATH: `${bin}:/usr/bin:/bin`, FAKE: folder, CXX: join(bin, 'c++') },
    set: {
      variant: 'cpu',
      platform: 'linux-x64',
      tags: ['any'],
      wheels: [{ distribution: 'tensorflow-fake', version: '1.0', file: FILE, sha256, bytes: content.length }],
      library: 'libcc.so',
      framework: 'libframework.so',
      opens: [],
      run: 'not yet run',
    },
    program,
    count: async (what) => {
      const log = await readFile(join(folder, `${what}.log`), 'utf8').catch(() => '');
      return log.split('\n').length - 1;
    },
    remove: () => rm(folder, { recursive: true }),
  };
  await program('python3', `case "$*" in *"pip download"*) exec "$FAKE/bin/pip" "$@";; esac\nexec "${python}" "$@"\n`);
  await program('pip', WORKING_PIP);
  await program('c++', WORKING_COMPILER);
  return machine;
}
