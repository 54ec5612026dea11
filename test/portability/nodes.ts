/** Runs the program under other versions of Node and, emulated, on another architecture. */
import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { cacheFolder } from '@gradcast/backends-node';
import { nodeProgram } from './bundle.ts';
import type { Answer, Request } from './steps.ts';

const execute = promisify(execFile);

/** A command that runs a script of Node. */
export type NodeCommand = readonly [string, ...string[]];

const EMULATOR = '/usr/bin/qemu-aarch64';
const ARM_LIBRARIES = '/usr/aarch64-linux-gnu';

/** Why arm64 cannot be emulated here; undefined if it can. */
export function emulatorMissing(): string | undefined {
  if (process.arch === 'arm64') return undefined;
  const there = existsSync(EMULATOR) && existsSync(join(ARM_LIBRARIES, 'lib', 'libstdc++.so.6'));
  return there ? undefined : 'apt-get install qemu-user libc6-arm64-cross libstdc++6-arm64-cross libgcc-s1-arm64-cross';
}

/** Fetches a Node of this major version with npm, once, into the cache folder. */
export async function fetchedNode(major: number, arch: 'x64' | 'arm64'): Promise<NodeCommand> {
  const parent = join(cacheFolder(), 'nodes');
  const folder = join(parent, `linux-${arch}-${major}`);
  const binary = join(folder, 'package', 'bin', 'node');
  if (!existsSync(binary)) {
    await mkdir(parent, { recursive: true });
    const stage = await mkdtemp(join(parent, '.stage-'));
    try {
      await execute('npm', ['pack', `node-linux-${arch}@${major}`, '--silent', '--pack-destination', stage]);
      const archive = (await readdir(stage)).find((file) => file.endsWith('.tgz'))!;
      await execute('tar', ['xzf', join(stage, archive), '-C', stage, 'package/bin/node']);
      await rm(join(stage, archive));
      await rm(folder, { recursive: true, force: true });
      await rename(stage, folder);
    } finally {
      await rm(stage, { recursive: true, force: true });
    }
  }
  return arch === process.arch ? [binary] : [EMULATOR, '-L', ARM_LIBRARIES, binary];
}

/** @throws Error with what the process said last if it failed. */
export async function askNode(
  [program, ...before]: NodeCommand,
  request: Request,
  { limitMs, onAnswer }: { limitMs: number; onAnswer: (answer: Answer) => void },
): Promise<void> {
  const args = [...before, await nodeProgram(), JSON.stringify(request)];
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: limitMs, killSignal: 'SIGKILL' });
  let words = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (words = (words + text).slice(-2000)));
  const ended = new Promise<string>((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, signal) => resolve(code === 0 ? '' : `ended with ${code ?? signal}: ${words}`));
  });
  for await (const line of createInterface({ input: child.stdout })) onAnswer(JSON.parse(line) as Answer);
  const failure = await ended;
  if (failure !== '') throw new Error(failure);
}
