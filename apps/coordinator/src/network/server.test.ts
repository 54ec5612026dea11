import { once } from 'node:events';
import { get, request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { Credentials } from './credentials.ts';
import { serve } from './server.ts';
import type { RunningServer, ServerOptions } from './server.ts';

const servers: RunningServer[] = [];
const sockets: { terminate: () => void }[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.terminate();
  for (const server of servers.splice(0)) await server.close();
});

const accepting = (secret: string | null) =>
  new Credentials({ credentials: secret === null ? null : [{ name: null, role: 'worker', secret }], local: 'local' });

async function started(change: Partial<ServerOptions> = {}) {
  const connections: string[] = [];
  const refused: string[] = [];
  const server = await serve({
    place: { host: '127.0.0.1', port: 0 },
    credentials: accepting(null),
    maxPayload: 1000,
    limits: { perAddress: 64, total: 128, upgradeMs: 10_000, answerMs: 60_000, lingerMs: 50 },
    onConnection: ({ socket, address }) => {
      sockets.push(socket);
      connections.push(address);
      socket.on('message', (data: Buffer, isBinary) => socket.send(data, { binary: isBinary }));
    },
    onRefused: (address, code) => void refused.push(`${address} ${code}`),
    ...change,
  });
  servers.push(server);
  return { ...server, connections, refused };
}

function bodyOf(response: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    let body = '';
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => (body += chunk));
    response.on('end', () => resolve(body));
    response.on('error', reject);
  });
}

/** What a WebSocket client gets: the status of a refusal with its body, or 101. */
function dial(url: string, headers: Record<string, string> = {}): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, { headers });
    sockets.push(socket);
    socket.on('open', () => resolve({ status: 101, body: '' }));
    socket.on('unexpected-response', (_, response) => {
      bodyOf(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject);
    });
    socket.on('error', reject);
  });
}

describe('the port for workers', () => {
  it('takes a worker and tells its address without the IPv6 mapping', async () => {
    const server = await started();
    expect(await dial(server.url)).toEqual({ status: 101, body: '' });
    expect(server.connections).toEqual(['127.0.0.1']);
  });

  it('refuses with a code and a sentence that the worker can show', async () => {
    const server = await started({ credentials: accepting('s3cret') });
    const { status, body } = await dial(server.url, { authorization: 'Bearer wrong' });
    expect([status, JSON.parse(body)]).toEqual([
      401,
      { code: 'token-wrong', sentence: 'the token is not the coordinator’s' },
    ]);
    expect((await dial(server.url, { origin: 'https://evil.example' })).status).toBe(403);
    expect((await dial(server.url, { authorization: 'Bearer s3cret' })).status).toBe(101);
    expect(server.refused).toEqual(['127.0.0.1 token-wrong', '127.0.0.1 origin-refused']);
    expect(server.connections).toHaveLength(1);
  });

  it('says what it is for to a browser', async () => {
    const server = await started();
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      get(server.url.replace('ws:', 'http:'), resolve).on('error', reject);
    });
    expect(response.statusCode).toBe(426);
    expect(await bodyOf(response)).toContain('gradcast worker --coordinator');
  });

  it('takes a frame of the largest legal size and closes on one byte more', async () => {
    const server = await started({ maxPayload: 1000 });
    const socket = new WebSocket(server.url);
    sockets.push(socket);
    await new Promise((resolve) => socket.once('open', resolve));
    socket.send(new Uint8Array(1000));
    const echoed = await new Promise<Buffer>((resolve) => socket.once('message', resolve));
    expect(echoed).toHaveLength(1000);
    socket.send(new Uint8Array(1001));
    expect(await new Promise((resolve) => socket.once('close', resolve))).toBe(1009);
  });

  it('survives a worker that speaks no WebSocket after its upgrade, whoever listens', async () => {
    const server = await started();
    const { port } = new URL(server.url.replace('ws:', 'http:'));
    await new Promise<void>((resolve) => {
      const headers = {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
      };
      request({ host: '127.0.0.1', port, headers })
        .on('upgrade', (_, socket) => {
          socket
            .on('close', resolve)
            .on('error', () => undefined)
            .resume();
          socket.write(new Uint8Array(8).fill(0xff));
        })
        .end();
    });
    expect((await dial(server.url)).status).toBe(101);
  });

  it('survives an upgrade whose sender hangs up at once', async () => {
    const server = await started({ credentials: accepting('s3cret') });
    const { port } = new URL(server.url.replace('ws:', 'http:'));
    await new Promise<void>((resolve) => {
      const headers = { connection: 'Upgrade', upgrade: 'websocket' };
      const broken = request({ host: '127.0.0.1', port, headers });
      broken.on('error', () => resolve());
      broken.on('socket', (socket) => socket.once('connect', () => socket.destroy()));
      broken.end();
    });
    expect((await dial(server.url, { authorization: 'Bearer s3cret' })).status).toBe(101);
  });

  it('says that a port is in use', async () => {
    const server = await started();
    const port = Number(new URL(server.url.replace('ws:', 'http:')).port);
    await expect(started({ place: { host: '127.0.0.1', port } })).rejects.toMatchObject({
      code: 'port-in-use',
      message: `port ${port} on 127.0.0.1 is in use`,
    });
  });

  it('says that an address cannot be had', async () => {
    await expect(started({ place: { host: '203.0.113.1', port: 0 } })).rejects.toMatchObject({
      code: 'address-unusable',
    });
  });
});

/** A client that says its part of an upgrade and keeps its half of the connection open, whatever the other end does. */
async function halfOpen(url: string, headers = ''): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port: Number(new URL(url).port), allowHalfOpen: true });
  socket.on('error', () => undefined);
  sockets.push({ terminate: () => socket.destroy() });
  await once(socket, 'connect');
  if (headers) {
    socket.write(
      'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${headers}\r\n`,
    );
  }
  return socket;
}

describe('sockets whose other end does not go', () => {
  it('hold no place after a refusal, and do not keep the port from closing', async () => {
    const limits = { perAddress: 4, total: 8, upgradeMs: 600_000, answerMs: 600_000, lingerMs: 50 };
    const server = await started({ credentials: accepting('the right secret'), limits });
    for (let i = 0; i < 40; i++) {
      const socket = await halfOpen(server.url, 'Authorization: Bearer wrong\r\n');
      await once(socket.resume(), 'end');
    }
    expect(server.refused).toHaveLength(40);
    const welcome = await dial(server.url, { authorization: 'Bearer the right secret' });
    expect(welcome.status).toBe(101);
    await server.close();
  });

  it('give way to newer ones of their address when they say nothing', async () => {
    const limits = { perAddress: 2, total: 8, upgradeMs: 600_000, answerMs: 600_000, lingerMs: 50 };
    const server = await started({ limits });
    const silent = await halfOpen(server.url);
    const ended = once(silent.resume(), 'end');
    await halfOpen(server.url);
    await halfOpen(server.url);
    await ended;
    expect((await dial(server.url)).status).toBe(101);
  });

  it('go when their time for an upgrade is over', async () => {
    const server = await started({ limits: { perAddress: 2, total: 8, upgradeMs: 20, answerMs: 20, lingerMs: 50 } });
    const silent = await halfOpen(server.url);
    await once(silent.resume(), 'end');
  });

  it('are refused with a WebSocket beyond the limit, by a sentence', async () => {
    const server = await started({
      limits: { perAddress: 1, total: 8, upgradeMs: 600_000, answerMs: 600_000, lingerMs: 50 },
    });
    expect((await dial(server.url)).status).toBe(101);
    const { status, body } = await dial(server.url);
    expect([status, JSON.parse(body)]).toEqual([
      503,
      { code: 'too-many-workers', sentence: 'the coordinator has as many connections as it takes' },
    ]);
  });

  it('end with the port although their WebSocket is never closed', async () => {
    const server = await started();
    await halfOpen(server.url, 'X-Nothing: 0\r\n');
    while (server.connections.length === 0) await new Promise((resolve) => setImmediate(resolve));
    await server.close();
  });

  it('are not told the token that they offered as a subprotocol', async () => {
    const secret = 'a secret of a browser';
    const server = await started({ credentials: accepting(secret) });
    const token = `gradcast.token.${Buffer.from(secret).toString('base64url')}`;
    const socket = new WebSocket(server.url, ['gradcast', token]);
    sockets.push(socket);
    await once(socket, 'open');
    expect(socket.protocol).toBe('gradcast');
  });
});
