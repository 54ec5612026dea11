import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resolveTrain } from '@gradcast/config';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { VOLUNTEER } from './credentials.ts';
import { dialled, openListeners } from './listeners.ts';
import type { Listeners } from './listeners.ts';

const TOKEN = 'shared-s3cret-0123';
const LOCAL = 'local-s3cret-01234';

let parent: string;
let listeners: Listeners | undefined;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'gradcast-test-'));
});
afterEach(async () => {
  await listeners?.close();
  listeners = undefined;
  await rm(parent, { recursive: true, force: true });
});

async function open(localSocket: string | null, flags: readonly string[] = []) {
  const { coordinator, credentials } = resolveTrain(['--port', '0', '--metrics-port', '0', ...flags], {
    environment: { GRADCAST_TOKEN: TOKEN },
    cores: 2,
    hostname: 'h',
  });
  const logger = pino({ level: 'silent' });
  const access = { credentials, local: LOCAL };
  listeners = await openListeners({ config: coordinator, access, localSocket, logger }, 1000);
  return listeners;
}

/** Close code of a connection, or the status with which it was refused. */
function ending(url: string, token: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, { headers: { authorization: `Bearer ${token}` } });
    socket.on('unexpected-response', (_, response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    socket.on('close', resolve);
    socket.on('error', reject);
  });
}

describe.skipIf(process.platform === 'win32')('the socket for local workers', () => {
  it('is guarded as the port is, and gone with its folder afterwards', async () => {
    const folder = await mkdtemp(join(parent, 'l-'));
    const opened = await open(join(folder, 's'));
    const { localUrl } = opened;
    expect(localUrl).toBe(`ws+unix:${join(folder, 's')}:/`);
    expect(await ending(localUrl, LOCAL)).toBe(1013);
    const admitted: string[] = [];
    opened.admit(({ socket, address, credential }) => {
      admitted.push(`${address} ${credential.kind}`);
      socket.close(1000);
    });
    expect(await ending(localUrl, 'wrong')).toBe(401);
    expect(await ending(localUrl, LOCAL)).toBe(1000);
    expect(await ending(opened.url, TOKEN)).toBe(1000);
    expect(admitted).toEqual(['127.0.0.1 local', '127.0.0.1 shared']);
    // Whoever comes while the run is taken down is to try again later.
    opened.turnAway();
    expect([await ending(localUrl, LOCAL), await ending(opened.url, TOKEN), admitted.length]).toEqual([1013, 1013, 2]);
    await opened.close();
    expect(await readdir(parent)).toEqual([]);
  });

  it('may be missing: then the port serves', async () => {
    const { localUrl, url } = await open(join(parent, 'missing', 's'));
    expect(localUrl).toBe(url);
  });
});

describe('the address for local workers', () => {
  it('turns "everywhere" into "here"', () => {
    expect(dialled('ws://0.0.0.0:7')).toBe('ws://127.0.0.1:7');
    expect(dialled('ws://[::]:7')).toBe('ws://[::1]:7');
    expect(dialled('ws://10.0.0.5:7')).toBe('ws://10.0.0.5:7');
  });

  it('is here where the coordinator listens everywhere', async () => {
    const { localUrl, url } = await open(null, ['--host', '0.0.0.0']);
    expect([url, localUrl]).toEqual([
      expect.stringMatching(/^ws:\/\/0\.0\.0\.0:\d+$/),
      url.replace('0.0.0.0', '127.0.0.1'),
    ]);
  });
});

describe('a port with TLS', () => {
  it('has a plain one beside it for local workers where they have no socket, which takes nobody else', async () => {
    const folder = await mkdtemp(join(parent, 'cache-'));
    vi.stubEnv('GRADCAST_CACHE', folder);
    const opened = await open(null, ['--join', '--host', '0.0.0.0']);
    vi.unstubAllEnvs();
    expect(opened.url).toMatch(/^wss:/);
    expect(opened.localUrl).toMatch(/^ws:\/\/127\.0\.0\.1:\d+$/);
    expect(opened.certificate?.isOwn).toBe(true);
    expect(await readdir(join(folder, 'tls'))).toHaveLength(1);
    expect(await ending(opened.localUrl, LOCAL)).toBe(1013);
    expect(await ending(opened.localUrl, TOKEN)).toBe(401);
  });

  it.skipIf(process.platform === 'win32')('leaves the socket of local workers as it is', async () => {
    vi.stubEnv('GRADCAST_CACHE', parent);
    const folder = await mkdtemp(join(parent, 'l-'));
    const opened = await open(join(folder, 's'), ['--join', '--host', '0.0.0.0']);
    vi.unstubAllEnvs();
    expect(opened.localUrl).toMatch(/^ws\+unix:/);
    expect(await ending(opened.localUrl, LOCAL)).toBe(1013);
  });
});

describe('guests', () => {
  it('are received once somebody says so, and so are requests', async () => {
    const opened = await open(null, ['--join']);
    const asked = async () => (await fetch(opened.url.replace('ws', 'http'))).status;
    expect([await ending(opened.url, 'a ticket'), await asked()]).toEqual([401, 426]);
    opened.receive((secret) => (secret === 'a ticket' ? VOLUNTEER : undefined));
    expect([await ending(opened.url, 'a ticket'), await asked()]).toEqual([1013, 426]);
    opened.answer(() => false);
    opened.answer((_, response) => {
      response.writeHead(204).end();
      return true;
    });
    expect(await asked()).toBe(204);
  });
});
