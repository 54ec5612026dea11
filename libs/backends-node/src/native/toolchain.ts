/**
 * What the installation needs from the machine: python3 with pip, and unless the binding was compiled elsewhere a C++17
 * compiler and Node's C headers. Everything that is missing is named at once, each with what to do about it.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Environment } from './cache.ts';
import { run } from './command.ts';
import { nativeError } from './errors.ts';

export interface Compiler {
  readonly compiler: string;
  /** Folder with `node_api.h`. */
  readonly nodeHeaders: string;
}

export interface Toolchain {
  readonly python: string;
  /** Absent when nothing is to be compiled. */
  readonly compiler?: Compiler;
}

export interface ToolchainOptions {
  /** Whether the binding is compiled here; true unless said otherwise. */
  readonly compiles?: boolean;
  readonly os?: string;
}

interface Missing {
  readonly what: string;
  readonly debian: string;
  readonly fedora: string;
  readonly mac: string;
}

const PROBE_MS = 60_000;
const CXX17_PROBE = '#include <optional>\n#include <string_view>\nstd::optional<std::string_view> probe;\n';

const missing = {
  python: { what: 'python3', debian: 'python3', fedora: 'python3', mac: 'brew install python3' },
  pip: { what: 'pip for python3', debian: 'python3-pip', fedora: 'python3-pip', mac: 'brew install python3' },
  compiler: { what: 'a C++17 compiler', debian: 'g++', fedora: 'gcc-c++', mac: 'xcode-select --install' },
  headers: { what: "Node's C headers", debian: 'libnode-dev', fedora: 'nodejs-devel', mac: 'npm ci' },
} satisfies Record<string, Missing>;

/**
 * Finds the tools.
 *
 * @throws BackendError `native-toolchain-missing` naming everything that is missing.
 */
export async function findToolchain(
  env: Environment,
  { compiles = true, os = process.platform }: ToolchainOptions = {},
): Promise<Toolchain> {
  const lacking: Missing[] = [];
  const python = 'python3';
  const works = async (command: string, args: string[], input?: string) =>
    (await run(command, args, { env, limitMs: PROBE_MS, ...(input === undefined ? {} : { input }) })).code === 0;

  if (!(await works(python, ['--version']))) lacking.push(missing.python);
  else if (!(await works(python, ['-m', 'pip', '--version']))) lacking.push(missing.pip);

  let found: Compiler | undefined;
  if (compiles) {
    let compiler: string | undefined;
    for (const candidate of env['CXX'] ? [env['CXX']] : ['c++', 'g++', 'clang++']) {
      if (await works(candidate, ['-std=c++17', '-x', 'c++', '-fsyntax-only', '-'], CXX17_PROBE)) {
        compiler = candidate;
        break;
      }
    }
    if (!compiler) lacking.push(missing.compiler);

    const nodeHeaders = headerFolders().find((folder) => existsSync(join(folder, 'node_api.h')));
    if (!nodeHeaders) lacking.push(missing.headers);
    if (compiler && nodeHeaders) found = { compiler, nodeHeaders };
  }

  if (lacking.length === 0) return { python, ...(found ? { compiler: found } : {}) };
  throw nativeError(
    'native-toolchain-missing',
    `the native backend is ${compiles ? 'compiled' : 'unpacked'} on this machine, which lacks ${lacking.map(({ what }) => what).join(', ')}`,
    remedy(lacking, os),
  );
}

/** Headers beside the running Node first: they are of its own version. */
function headerFolders(): string[] {
  const folders = [join(dirname(dirname(process.execPath)), 'include', 'node'), '/usr/include/node'];
  try {
    const { include_dir } = createRequire(import.meta.url)('node-api-headers') as { include_dir: string };
    folders.push(include_dir);
  } catch {
    // The package is a dependency; an installation without it still has the other two places.
  }
  return folders;
}

function remedy(lacking: readonly Missing[], os: string): string {
  if (os === 'darwin') return [...new Set(lacking.map(({ mac }) => mac))].join(' and ');
  const list = (key: 'debian' | 'fedora') => lacking.map((entry) => entry[key]).join(' ');
  return `Debian, Ubuntu: apt-get install ${list('debian')}; Fedora: dnf install ${list('fedora')}`;
}
