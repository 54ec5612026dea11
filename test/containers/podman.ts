/** A composition of containers under podman: started, asked and ended from here, and gone afterwards. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { runArguments } from './compose.ts';
import type { ComposeFile } from './compose.ts';

const execute = promisify(execFile);
const WAIT_MS = 120_000;
const LOOK_MS = 500;

/** Gives podman the storage of these tests. */
const STORED = join(process.cwd(), 'test', 'containers', 'storage.sh');

/** Standard output of podman. @throws Error with what podman says. */
export async function podman(...args: readonly string[]): Promise<string> {
  const { stdout } = await execute(STORED, ['podman', ...args], { maxBuffer: 64 * 1024 * 1024 });
  return stdout.trim();
}

/** What a container has said, on both of its outputs. */
export async function logs(container: string, ...args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await execute(STORED, ['podman', 'logs', ...args, container]);
  return `${stdout}${stderr}`;
}

/** Asks until there is an answer, for two minutes. */
export async function until<T>(what: string, ask: () => Promise<T | undefined>, waitMs = WAIT_MS): Promise<T> {
  const end = performance.now() + waitMs;
  let trouble: unknown = 'nothing was seen';
  while (performance.now() < end) {
    try {
      const answer = await ask();
      if (answer !== undefined) return answer;
    } catch (error) {
      trouble = error;
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  throw new Error(`${what} did not come about within ${waitMs / 1000} s: ${String(trouble)}`);
}

export class Composition {
  readonly #file: ComposeFile;
  readonly #project: string;

  constructor(file: ComposeFile, project: string) {
    this.#file = file;
    this.#project = project;
  }

  async create(): Promise<void> {
    await podman('network', 'create', this.#project);
  }

  /** Starts a container of a service. @returns its name. */
  async start(service: string, index = 1): Promise<string> {
    const container = `${this.#project}-${service}-${index}`;
    await podman(...runArguments(this.#file, { project: this.#project, service, container }));
    return container;
  }

  /** Names of all containers, those that ended among them. */
  async containers(): Promise<string[]> {
    const label = `label=project=${this.#project}`;
    const names = await podman('ps', '--all', '--format', '{{.Names}}', '--filter', label);
    return names === '' ? [] : names.split('\n');
  }

  /** Passes once the image's own health check does. */
  async healthy(container: string): Promise<void> {
    const check = '/opt/gradcast/deploy/docker/healthcheck.sh';
    await until(`${container} healthy`, () => podman('exec', container, check).then(() => true));
  }

  /** Exit code of a container that ends within ten minutes. `podman wait` was seen to return half a minute late. */
  async ended(container: string): Promise<number> {
    const look = async () => {
      const [status, code] = (
        await podman('inspect', '--format', '{{.State.Status}} {{.State.ExitCode}}', container)
      ).split(' ');
      return status === 'exited' ? Number(code) : undefined;
    };
    return until(`the end of ${container}`, look, 600_000);
  }

  async address(container: string): Promise<string> {
    const format = `{{(index .NetworkSettings.Networks "${this.#project}").IPAddress}}`;
    return podman('inspect', '--format', format, container);
  }

  /** Where a volume's files are on this machine. */
  async folder(volume: string): Promise<string> {
    return podman('volume', 'inspect', '--format', '{{.Mountpoint}}', `${this.#project}_${volume}`);
  }

  /** Removes containers, volumes and the network. */
  async remove(): Promise<void> {
    const containers = await this.containers();
    if (containers.length > 0) await podman('rm', '--force', '--time', '0', ...containers);
    const volumes = await podman('volume', 'ls', '--quiet', '--filter', `name=${this.#project}_`);
    if (volumes !== '') await podman('volume', 'rm', '--force', ...volumes.split('\n'));
    await podman('network', 'rm', '--force', this.#project);
  }
}
