import { mkdtemp, rm } from 'node:fs/promises';
import { get } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { certificateOf } from './certificate.ts';
import type { Certificate } from './certificate.ts';
import type { Connection } from './connection.ts';
import { Credentials } from './credentials.ts';
import { serve } from './server.ts';
import type { RunningServer, ServerOptions } from './server.ts';

const LIMITS = { perAddress: 64, total: 128, upgradeMs: 10_000, answerMs: 10_000, lingerMs: 50 };

let folder: string;
let certificate: Certificate;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gradcast-test-'));
  const names = ['localhost', '127.0.0.1'];
  certificate = await certificateOf({ kind: 'self-signed' }, { host: '127.0.0.1', folder, names });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let server: RunningServer | undefined;
const ends: (() => void)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) end();
  await server?.close();
  server = undefined;
});

async function started(change: Partial<ServerOptions> = {}) {
  const connections: Connection[] = [];
  server = await serve({
    place: { host: '127.0.0.1', port: 0 },
    credentials: new Credentials({ credentials: null, local: 'local' }),
    maxPayload: 8 << 20,
    limits: LIMITS,
    tls: certificate,
    onConnection: (connection) => {
      connections.push(connection);
      connection.whenLarge(() => true);
      connection.socket.on('message', (data: Buffer) => connection.socket.send(data));
    },
    onRefused: () => undefined,
    ...change,
  });
  const { url } = server;
  const port = Number(new URL(url.replace('wss', 'https')).port);
  /** A worker that was told which certificate to trust. */
  const worker = (headers: Record<string, string> = {}) => {
    const socket = new WebSocket(url, { ca: certificate.cert, headers });
    ends.push(() => socket.terminate());
    return socket;
  };
  return { url, port, connections, worker };
}

/** 101, or the status of a refusal. */
function statusOf(socket: WebSocket): Promise<number | string> {
  return new Promise((resolve) => {
    socket.on('open', () => resolve(101));
    socket.on('unexpected-response', (_, response) => {
      response.resume();
      resolve(response.statusCode!);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
}

describe('a port with TLS', () => {
  it('says so in its address, and takes whoever trusts its certificate', async () => {
    const { url, port, worker, connections } = await started();
    expect(url).toBe(`wss://127.0.0.1:${port}`);
    expect(await statusOf(worker())).toBe(101);
    expect(connections.map(({ address }) => address)).toEqual(['127.0.0.1']);
    const stranger = new WebSocket(url);
    ends.push(() => stranger.terminate());
    expect(await statusOf(stranger)).toMatch(/SELF_SIGNED|UNABLE_TO_VERIFY/);
  });

  it('moves large messages whole, and counts what goes over the wire', async () => {
    const { worker, connections } = await started();
    const socket = worker();
    expect(await statusOf(socket)).toBe(101);
    for (const bytes of [5_000_000, 100, 3_000_001, 70_000]) {
      const message = Buffer.from(Uint8Array.from({ length: bytes }, (_, i) => (i * 7919) >> 3));
      const echoed = new Promise<Buffer>((resolve) => socket.once('message', resolve));
      socket.send(message);
      expect((await echoed).equals(message)).toBe(true);
    }
    const [{ bytesRead, bytesTaken }] = connections;
    const moved = 5_000_000 + 100 + 3_000_001 + 70_000;
    for (const count of [bytesRead(), bytesTaken!()]) {
      expect(count).toBeGreaterThan(moved);
      expect(count).toBeLessThan(moved * 1.05);
    }
  });

  it('is for pages that came by TLS', async () => {
    const { port, worker } = await started();
    expect(await statusOf(worker({ origin: `https://127.0.0.1:${port}` }))).toBe(101);
    expect(await statusOf(worker({ origin: `http://127.0.0.1:${port}` }))).toBe(403);
  });

  it('answers requests, and ends', async () => {
    const { port } = await started({
      onRequest: (_, response, { address, scheme }) => {
        response.end(`${address} ${scheme}`);
        return true;
      },
    });
    const text = await new Promise<string>((resolve, reject) => {
      get({ host: '127.0.0.1', port, ca: certificate.cert }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => (text += part));
        response.on('end', () => resolve(text));
      }).on('error', reject);
    });
    expect(text).toBe('127.0.0.1 https');
    await server!.close();
  });

  it('waits for no handshake longer than for an upgrade', async () => {
    const { port } = await started({ limits: { ...LIMITS, upgradeMs: 50 } });
    const silent = connect({ host: '127.0.0.1', port });
    ends.push(() => silent.destroy());
    await new Promise((resolve) => silent.on('close', resolve).resume());
    const idle = connectTls({ host: '127.0.0.1', port, ca: certificate.cert });
    ends.push(() => idle.destroy());
    idle.on('error', () => undefined);
    await new Promise((resolve) => idle.on('close', resolve).resume());
  });

  it('survives what is no TLS', async () => {
    const { port, worker } = await started();
    const plain = connect({ host: '127.0.0.1', port });
    ends.push(() => plain.destroy());
    plain.on('error', () => undefined).write('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
    await new Promise((resolve) => plain.on('close', resolve).resume());
    expect(await statusOf(worker())).toBe(101);
  });
});
