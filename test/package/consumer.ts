/** An empty folder into which a package manager installs the package, under some Node. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, chown, copyFile, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from '@gradcast/files';
import { fetchedNode } from '../portability/nodes.ts';

const execute = promisify(execFile);

/** By the name of a case: the npm package that brings it. */
const MANAGERS = {
  npm: null,
  pnpm: 'pnpm@10',
  yarn: 'yarn@1',
  yarn4: '@yarnpkg/cli-dist@4',
} as const;
export type ManagerName = keyof typeof MANAGERS;
export const MANAGER_NAMES = Object.keys(MANAGERS) as ManagerName[];

export const NODES = [20, 22, 24] as const;

/** `nobody` of every Linux distribution. */
const GUEST = 65_534;

/** What lies in the folder before anything is installed. */
function settings({ scripts }: ConsumerOptions): Readonly<Record<string, string>> {
  return {
    'package.json': `${JSON.stringify({ name: 'consumer', private: true, type: 'module' })}\n`,
    '.yarnrc.yml': `enableScripts: ${scripts}\nenableTelemetry: false\nnodeLinker: node-modules\n`,
  };
}

export interface ConsumerOptions {
  readonly manager: ManagerName;
  readonly node: number;
  /** Whether install scripts of packages run. */
  readonly scripts: boolean;
}

/** What a command printed, standard output first, and how it ended. */
export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class Consumer {
  readonly folder: string;
  readonly #options: ConsumerOptions;
  readonly #env: NodeJS.ProcessEnv;
  readonly #manager: readonly string[];

  private constructor(folder: string, options: ConsumerOptions, found: { env: NodeJS.ProcessEnv; manager: string[] }) {
    this.folder = folder;
    this.#options = options;
    this.#env = found.env;
    this.#manager = found.manager;
  }

  /** Makes the folder, whose path has a space and a letter beyond ASCII. */
  static async create(options: ConsumerOptions): Promise<Consumer> {
    const parent = await mkdtemp(join(tmpdir(), 'gradcast-package-'));
    const folder = join(parent, 'müde hands');
    await mkdir(folder);
    for (const [name, text] of Object.entries(settings(options))) await writeFile(join(folder, name), text);
    const env = { ...ownEnvironment(), ...(await nodeFirst(options.node)), ...(await sameRegistry()), CI: 'true' };
    return new Consumer(folder, options, { env, manager: await managerCommand(options.manager) });
  }

  /** @throws Error with the manager's last words if it fails. */
  async install(tarball: string): Promise<void> {
    const ran = await this.run(...this.#manager, ...this.#installArguments(tarball));
    if (ran.code !== 0) throw new Error(`installing failed: ${lastWords(ran)}`);
  }

  /** Runs the installed command. */
  gradcast(...args: readonly string[]): Promise<Ran> {
    return this.run(join('node_modules', '.bin', 'gradcast'), ...args);
  }

  /** Runs a module with the manager's Node. */
  node(file: string): Promise<Ran> {
    return this.run('node', file);
  }

  run(...command: readonly string[]): Promise<Ran> {
    return this.#runIn(this.folder, command);
  }

  /** `npx ./FILE ...` in an empty folder beside this one, to which the file is copied first. */
  async npx(file: string, ...args: readonly string[]): Promise<Ran> {
    const empty = join(dirname(this.folder), 'an empty folder');
    await mkdir(empty);
    await copyFile(file, join(empty, basename(file)));
    return this.#runIn(empty, ['npx', '--yes', `./${basename(file)}`, ...args]);
  }

  /** Runs the installed command as another user, who may not write to node_modules and has a home of nothing. Needs root. */
  async gradcastAsGuest(...args: readonly string[]): Promise<Ran> {
    const home = join(dirname(this.folder), 'guest');
    await mkdir(home);
    await chown(home, GUEST, GUEST);
    await chmod(dirname(this.folder), 0o755);
    const asGuest = ['setpriv', `--reuid=${GUEST}`, `--regid=${GUEST}`, '--clear-groups'];
    const program = join(this.folder, 'node_modules', '.bin', 'gradcast');
    return this.#runIn(home, ['env', `HOME=${home}`, 'XDG_CACHE_HOME=', ...asGuest, program, ...args]);
  }

  async #runIn(cwd: string, [program, ...args]: readonly string[]): Promise<Ran> {
    const stdio = ['ignore', 'pipe', 'pipe'] as const;
    const child = spawn(program, args, { cwd, env: this.#env, stdio: [...stdio] });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, stdout, stderr };
  }

  remove(): Promise<void> {
    return rm(dirname(this.folder), { recursive: true, force: true });
  }

  #installArguments(tarball: string): string[] {
    const { manager, scripts } = this.#options;
    switch (manager) {
      case 'npm':
        return [
          'install',
          '--no-audit',
          '--no-fund',
          ...(scripts ? ['--ignore-scripts=false', '--dangerously-allow-all-scripts'] : ['--ignore-scripts']),
          tarball,
        ];
      case 'pnpm':
        return [
          'add',
          ...(scripts ? ['--config.dangerously-allow-all-builds=true'] : ['--ignore-scripts']),
          `file:${tarball}`,
        ];
      case 'yarn':
        return [
          'add',
          '--no-lockfile',
          '--non-interactive',
          ...(scripts ? [] : ['--ignore-scripts']),
          `file:${tarball}`,
        ];
      case 'yarn4':
        return ['add', `gradcast@file:${tarball}`];
      default:
        return manager satisfies never;
    }
  }
}

/** This process's environment without what npm and Gradcast take from it. */
export function ownEnvironment(): NodeJS.ProcessEnv {
  const names = Object.keys(process.env).filter(
    (name) => !/^(npm_(?!config_(registry|cache|.*proxy)$)|GRADCAST_|NODE_OPTIONS|VITEST)/i.test(name),
  );
  return Object.fromEntries(names.map((name) => [name, process.env[name]]));
}

export function lastWords({ code, stdout, stderr }: Ran): string {
  const words = `${stdout}\n${stderr}`.trim().split('\n').slice(-12).join('\n');
  return `exit code ${code ?? 'none'}\n${words}`;
}

/** Other managers have registries of their own; where npm was told of a mirror, they take it, too. */
async function sameRegistry(): Promise<NodeJS.ProcessEnv> {
  const { stdout } = await execute('npm', ['config', 'get', 'registry'], { env: ownEnvironment() });
  return { npm_config_registry: stdout.trim(), YARN_NPM_REGISTRY_SERVER: stdout.trim() };
}

async function nodeFirst(major: number): Promise<NodeJS.ProcessEnv> {
  if (process.versions.node.startsWith(`${major}.`)) return {};
  const [binary] = await fetchedNode(major, process.arch === 'arm64' ? 'arm64' : 'x64');
  return { PATH: `${dirname(binary)}${delimiter}${process.env['PATH'] ?? ''}` };
}

/** Brings a package manager into the cache folder, once. */
async function managerCommand(name: ManagerName): Promise<string[]> {
  const wanted = MANAGERS[name];
  if (wanted === null) return ['npm'];
  const parent = join(cacheFolder(), 'managers');
  const folder = join(parent, name);
  if (!existsSync(folder)) {
    await mkdir(parent, { recursive: true });
    const stage = await mkdtemp(join(parent, '.stage-'));
    await writeFile(join(stage, 'package.json'), '{ "private": true }\n');
    await execute('npm', ['install', '--no-audit', '--no-fund', wanted], { cwd: stage, env: ownEnvironment() });
    await rename(stage, folder);
  }
  return [join(folder, 'node_modules', '.bin', name === 'yarn4' ? 'yarn' : name)];
}
