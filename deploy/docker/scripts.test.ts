import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const script = (name: string): string => new URL(name, import.meta.url).pathname;

async function exitCode(child: ChildProcess): Promise<number | null> {
  const [code] = (await once(child, 'exit')) as [number | null];
  return code;
}

describe('healthcheck.sh', () => {
  it('passes if and only if the process says it lives', async () => {
    let status = 200;
    const asked: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url);
      response.writeHead(status).end();
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const port = String((server.address() as AddressInfo).port);
    const healthcheck = () => exitCode(spawn(script('healthcheck.sh'), [port], { stdio: 'ignore' }));
    expect(await healthcheck()).toBe(0);
    status = 503;
    expect(await healthcheck()).toBe(1);
    await new Promise((closed) => server.close(closed));
    expect(await healthcheck()).toBe(1);
    expect(asked).toEqual(['/healthz', '/healthz']);
  });
});

describe('install.sh', () => {
  it('gives a compiler to build stages only', async () => {
    const roles = [...(await readFile(script('install.sh'), 'utf8')).matchAll(/^ {2}(\w+)\) packages='(.*)'/gm)];
    expect(roles.map(([, role]) => role)).toEqual(['coordinator', 'worker', 'build']);
    expect(roles.filter(([, , packages]) => packages.includes('g++')).map(([, role]) => role)).toEqual(['build']);
  });
});

describe('entrypoint.sh', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gradcast-entrypoint-'));
    await mkdir(join(folder, 'bin'));
    await mkdir(join(folder, 'deploy', 'docker'), { recursive: true });
    await copyFile(script('entrypoint.sh'), join(folder, 'deploy', 'docker', 'entrypoint.sh'));
    await chmod(join(folder, 'deploy', 'docker', 'entrypoint.sh'), 0o755);
    // Stands for the command: notes what it was asked, installs as long or as badly as told, else exits 7.
    await writeFile(
      join(folder, 'bin', 'gradcast.mjs'),
      `import { appendFileSync } from 'node:fs';
       const args = process.argv.slice(2);
       appendFileSync(process.env.NOTES, args.join(' ') + '\\n');
       if (args[0] !== 'doctor') process.exit(7);
       if (process.env.INSTALL === 'fails') process.exit(1);
       if (process.env.INSTALL === 'hangs') {
         process.on('SIGTERM', () => { appendFileSync(process.env.NOTES, 'stopped\\n'); process.exit(0); });
         setInterval(() => undefined, 1000);
         process.stdout.write('installing');
       }`,
    );
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  function start(args: readonly string[], variables: Readonly<Record<string, string>> = {}): ChildProcess {
    const env = { PATH: process.env['PATH'], NOTES: join(folder, 'notes'), ...variables };
    return spawn(join(folder, 'deploy', 'docker', 'entrypoint.sh'), args, { env, stdio: ['ignore', 'pipe', 'ignore'] });
  }
  const notes = async (): Promise<string[]> => (await readFile(join(folder, 'notes'), 'utf8')).trim().split('\n');

  it('starts a coordinator as it is', async () => {
    expect(await exitCode(start(['coordinator', '--host', '0.0.0.0']))).toBe(7);
    expect(await notes()).toEqual(['coordinator --host 0.0.0.0']);
  });

  it.each([
    ['by default', {}, 'doctor --install --backend tensorflow'],
    ['for a GPU, agreeing to the licence', { INSTALL_BACKEND: 'cuda' }, 'doctor --install --backend cuda --yes'],
    ['that cannot be had', { INSTALL: 'fails' }, 'doctor --install --backend tensorflow'],
  ])('brings a worker its native library %s', async (_, variables, doctor) => {
    expect(await exitCode(start(['worker', '--coordinator', 'ws://c:7070'], variables))).toBe(7);
    expect(await notes()).toEqual([doctor, 'worker --coordinator ws://c:7070']);
  });

  it('installs nothing if told so', async () => {
    expect(await exitCode(start(['worker'], { INSTALL_BACKEND: 'none' }))).toBe(7);
    expect(await notes()).toEqual(['worker']);
  });

  it('can be stopped while it installs, and stops the installation', async () => {
    const child = start(['worker'], { INSTALL: 'hangs' });
    await once(child.stdout!, 'data');
    // The installation shares the pipe, which closes when both are gone.
    const closed = once(child, 'close');
    child.kill('SIGTERM');
    expect(await closed).toEqual([143, null]);
    expect(await notes()).toEqual(['doctor --install --backend tensorflow', 'stopped']);
  });
});
