import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { RequestHandler } from '@gradcast/metrics';
import { readControlLink, writeControlLink } from '@gradcast/run-folder';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ControlListener } from './control-listener.ts';

let folder: string;
const listeners: ControlListener[] = [];
const warned: unknown[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gradcast-test-'));
  warned.length = 0;
});
afterEach(async () => {
  for (const listener of listeners.splice(0)) await listener.close();
  await rm(folder, { recursive: true, force: true });
});

const handler: RequestHandler = (_, response) => {
  response.end('here');
  return true;
};

async function run(name: string): Promise<string> {
  const path = join(folder, name);
  await mkdir(path);
  return path;
}

function listener(runFolder: string, localSocket: string | null = null, parents = [folder]): ControlListener {
  const logger = { warn: (words: unknown) => void warned.push(words) };
  const made = new ControlListener({ runFolder, localSocket, logger, parents });
  listeners.push(made);
  return made;
}

function answerAt(socketPath: string): Promise<string> {
  return new Promise((resolve, reject) => {
    request({ socketPath, path: '/', agent: false }, (response) => {
      response.setEncoding('utf8').once('data', resolve);
    })
      .on('error', ({ code }: NodeJS.ErrnoException) => reject(new Error(code)))
      .end();
  });
}

/** Sockets' folders that are left. */
const left = async () => (await readdir(folder)).filter((name) => name.startsWith('gradcast-'));

describe.skipIf(process.platform === 'win32')('the control socket', () => {
  it('is found by the run folder, and open to this user alone', async () => {
    const path = await run('a');
    await listener(path).open(handler);
    const socket = (await readControlLink(path))!;
    expect(await answerAt(socket)).toBe('here');
    expect([(await stat(socket)).mode & 0o777, (await stat(dirname(socket))).mode & 0o777]).toEqual([0o600, 0o700]);
    expect(warned).toEqual([]);
  });

  it('is gone afterwards, with its folder and the link', async () => {
    const path = await run('a');
    const opened = listener(path);
    await opened.open(handler);
    await opened.close();
    expect([await readControlLink(path), await left()]).toEqual([undefined, []]);
  });

  it('lies beside the socket of the command, whose folder stays', async () => {
    const path = await run('a');
    const place = await mkdtemp(join(folder, 'gradcast-'));
    await writeFile(join(place, 's'), '');
    const opened = listener(path, join(place, 's'));
    await opened.open(handler);
    expect(await readControlLink(path)).toBe(join(place, 'c'));
    await opened.close();
    expect(await readdir(place)).toEqual(['s']);
  });

  it('is another one for each run', async () => {
    const [a, b] = [await run('a'), await run('b')];
    for (const path of [a, b]) await listener(path).open(handler);
    expect(await readControlLink(a)).not.toBe(await readControlLink(b));
  });

  it('can be withdrawn: no command finds it any more, and who follows the run still hears its end', async () => {
    const path = await run('a');
    const opened = listener(path);
    await opened.open(handler);
    const socket = (await readControlLink(path))!;
    await opened.withdraw();
    expect([await readControlLink(path), await answerAt(socket)]).toEqual([undefined, 'here']);
  });

  it('leaves the link of a process alone that has taken the run over', async () => {
    const path = await run('a');
    const [old, next] = [listener(path), listener(path)];
    await old.open(handler);
    await next.open(handler);
    const socket = await readControlLink(path);
    await old.close();
    expect(await readControlLink(path)).toBe(socket);
    expect(await answerAt(socket!)).toBe('here');
  });

  it('takes the place of one that a killed process left', async () => {
    const path = await run('a');
    const stale = await mkdtemp(join(folder, 'gradcast-'));
    const dead = createServer();
    await new Promise<void>((resolve) => dead.listen(join(stale, 'x'), resolve));
    // Closing removes the file by the name under which it was opened; that of a killed process stays.
    await rename(join(stale, 'x'), join(stale, 'c'));
    await new Promise((resolve) => dead.close(resolve));
    await writeControlLink(path, join(stale, 'c'));
    await expect(answerAt(join(stale, 'c'))).rejects.toThrow('ECONNREFUSED');
    await listener(path).open(handler);
    expect(existsSync(stale)).toBe(false);
    expect(await answerAt((await readControlLink(path))!)).toBe('here');
  });

  it('leaves the socket of a run alone of which this one is a copy', async () => {
    const [original, copy] = [await run('a'), await run('b')];
    await listener(original).open(handler);
    const socket = (await readControlLink(original))!;
    await writeControlLink(copy, socket);
    await listener(copy).open(handler);
    expect(await readControlLink(copy)).not.toBe(socket);
    expect(await answerAt(socket)).toBe('here');
  });

  it('removes nothing but such a socket, wherever the link leads', async () => {
    const path = await run('a');
    const kept = join(folder, 'gradcast-kept');
    await mkdir(kept);
    await writeFile(join(kept, 'c'), 'a file');
    await symlink(join(kept, 'c'), join(path, 'control'));
    await listener(path).open(handler);
    expect(await readdir(kept)).toEqual(['c']);
  });

  it('lies where its path is short enough, however long that of the run is', async () => {
    const path = await run('r'.repeat(120));
    const long = join(folder, 'x'.repeat(100));
    await mkdir(long);
    await listener(path, null, [long, folder]).open(handler);
    const socket = (await readControlLink(path))!;
    expect(socket.length).toBeLessThan(104);
    expect(await answerAt(socket)).toBe('here');
  });

  it.each([
    ['no path is short enough', (long: string) => [long]],
    ['no folder can be made', () => ['/proc']],
  ])('is nowhere if %s, which is logged, and leaves nothing', async (_, parents) => {
    const path = await run('a');
    await listener(path, null, parents(join(folder, 'x'.repeat(100)))).open(handler);
    expect([warned.length, await readControlLink(path), await left()]).toEqual([1, undefined, []]);
  });
});
