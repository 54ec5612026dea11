import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import type { AddressInfo, Server as TcpServer, Socket } from 'node:net';
import type { Failure } from '@gradcast/worker-core';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';
import { connect } from './connect.ts';

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

async function listening(server: Server | TcpServer): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => server.close());
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A server that answers every request, upgrades included, with one HTTP response. */
function answering(status: number, body: string, type = 'text/html'): Promise<string> {
  const server = createServer((_, response) => response.writeHead(status, { 'content-type': type }).end(body));
  return listening(server);
}

/** A server whose connections a test handles byte by byte. */
function raw(onConnection: (socket: Socket) => void): Promise<string> {
  const server = createTcpServer((socket) => {
    socket.on('error', () => undefined);
    cleanups.push(() => socket.destroy());
    onConnection(socket);
  });
  return listening(server);
}

/** A WebSocket server; `tokens` collects what workers presented. */
async function webSocketServer(onConnection: (socket: WebSocket, authorization?: string) => void): Promise<string> {
  const http = createServer();
  const sockets = new WebSocketServer({ server: http, perMessageDeflate: false });
  sockets.on('connection', (socket, request) => {
    cleanups.push(() => socket.terminate());
    onConnection(socket, request.headers.authorization);
  });
  return listening(http);
}

interface Log {
  readonly events: string[];
  readonly messages: Uint8Array[];
  readonly ended: Promise<Failure>;
}

function follow(url: string, token: string | null = null): Log & { connection: ReturnType<typeof connect> } {
  const events: string[] = [];
  const messages: Uint8Array[] = [];
  let end: (failure: Failure) => void;
  const ended = new Promise<Failure>((resolve) => (end = resolve));
  const connection = connect(
    { url, token },
    {
      opened: () => void events.push('opened'),
      message: (bytes) => {
        events.push('message');
        messages.push(bytes);
      },
      closed: (failure) => {
        events.push('closed');
        end(failure);
      },
    },
  );
  return { events, messages, ended, connection };
}

describe('a connection that does not come about', () => {
  it('is worth another try if nobody listens', async () => {
    const server = createTcpServer();
    const url = await listening(server);
    await new Promise((resolve) => server.close(resolve));
    const { ended, events } = follow(url);
    expect(await ended).toEqual({ kind: 'unreachable', sentence: `${url} cannot be reached (ECONNREFUSED)` });
    expect(events).toEqual(['closed']);
  });

  it("is refused with the coordinator's own words", async () => {
    const refusal = { code: 'token-wrong', sentence: 'the token is not the coordinator’s' };
    const url = await answering(401, JSON.stringify(refusal), 'application/json');
    expect(await follow(url).ended).toEqual({ kind: 'refused', ...refusal });
  });

  it.each([
    [404, '<html>not found</html>'],
    [200, 'hello'],
    [302, ''],
    [401, '{"code": 7, "sentence": "x"}'],
    [403, '[1, 2]'],
    [403, 'null'],
    [401, '{"code": "cut off'],
    [404, 'x'.repeat(100_000)],
  ])('is refused if an HTTP server answers %i', async (status, body) => {
    const url = await answering(status, body);
    expect(await follow(url).ended).toMatchObject({
      kind: 'refused',
      code: 'not-a-coordinator',
      sentence: `${url} speaks HTTP but is no Gradcast coordinator (HTTP ${status})`,
    });
  });

  it.each([500, 502, 503])('is worth another try behind a proxy that answers %i', async (status) => {
    const url = await answering(status, 'bad gateway');
    expect(await follow(url).ended).toEqual({
      kind: 'unreachable',
      sentence: `${url} cannot be reached (HTTP ${status})`,
    });
  });

  it.each([
    [
      'without end',
      (socket: Socket) => {
        const timer = setInterval(() => socket.write('x'), 20);
        socket.once('close', () => clearInterval(timer));
      },
    ],
    ['by megabytes', (socket: Socket) => void socket.write('x'.repeat(8_000_000))],
  ])(
    'is refused within seconds if the body of an answer comes %s',
    async (_, continued) => {
      let ended: Promise<unknown> = Promise.resolve();
      const url = await raw((socket) => {
        ended = new Promise((resolve) => socket.resume().once('close', resolve));
        socket.write('HTTP/1.1 404 Not Found\r\nContent-Length: 100000000\r\n\r\n');
        continued(socket);
      });
      const began = performance.now();
      expect(await follow(url).ended).toMatchObject({ kind: 'refused', code: 'not-a-coordinator' });
      expect(performance.now() - began).toBeLessThan(10_000);
      await ended;
    },
    15_000,
  );

  it('is refused by a server that speaks no HTTP', async () => {
    const url = await raw((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'));
    expect(await follow(url).ended).toMatchObject({ kind: 'refused', code: 'not-a-coordinator' });
  });

  it('is worth another try if the other side hangs up', async () => {
    const url = await raw((socket) => socket.destroy());
    expect(await follow(url).ended).toMatchObject({ kind: 'unreachable' });
  });

  it('ends when it is closed from this side', async () => {
    const url = await raw(() => undefined);
    const { connection, ended, events } = follow(url);
    await connection.close();
    expect(await ended).toMatchObject({ kind: 'unreachable' });
    expect(events).toEqual(['closed']);
  });
});

describe('a connection', () => {
  it('presents the token and carries binary messages both ways', async () => {
    const heard: string[] = [];
    const url = await webSocketServer((socket, authorization) => {
      heard.push(authorization ?? 'none');
      socket.on('message', (data: Buffer, isBinary) => {
        heard.push(`${isBinary ? 'binary' : 'text'} ${data.toString('hex')}`);
        socket.send(Buffer.of(7, 8, 9));
        socket.close(1001);
      });
    });
    const log = follow(url, 's3cret');
    await expect.poll(() => log.events).toContain('opened');
    log.connection.send(Uint8Array.of(1, 2));
    expect(await log.ended).toEqual({ kind: 'unreachable', sentence: `the connection to ${url} ended` });
    expect(heard).toEqual(['Bearer s3cret', 'binary 0102']);
    expect(log.messages.map((bytes) => [...bytes])).toEqual([[7, 8, 9]]);
    expect(log.events).toEqual(['opened', 'message', 'closed']);
  });

  it('without a token presents none', async () => {
    const heard: (string | undefined)[] = [];
    const url = await webSocketServer((socket, authorization) => {
      heard.push(authorization);
      socket.close();
    });
    await follow(url).ended;
    expect(heard).toEqual([undefined]);
  });

  it('drops what is sent before it is open and after it closed', async () => {
    const heard: unknown[] = [];
    const url = await webSocketServer((socket) => {
      socket.on('message', (data) => heard.push(data));
      socket.close();
    });
    const log = follow(url);
    log.connection.send(Uint8Array.of(1));
    await log.ended;
    log.connection.send(Uint8Array.of(2));
    expect(heard).toEqual([]);
  });

  it('to a server that sends text is refused: frames are binary', async () => {
    const url = await webSocketServer((socket) => socket.send('hello'));
    expect(await follow(url).ended).toEqual({
      kind: 'refused',
      code: 'not-a-coordinator',
      sentence: `${url} is no Gradcast coordinator`,
    });
  });

  it('that breaks without a goodbye is worth another try', async () => {
    const url = await webSocketServer((socket) => socket.terminate());
    expect(await follow(url).ended).toMatchObject({ kind: 'unreachable' });
  });

  it('closed from this side ends once', async () => {
    const url = await webSocketServer(() => undefined);
    const log = follow(url);
    await expect.poll(() => log.events).toContain('opened');
    await Promise.all([log.connection.close(), log.connection.close()]);
    await log.connection.close();
    expect(log.events).toEqual(['opened', 'closed']);
  });
});
