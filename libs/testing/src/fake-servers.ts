/** Servers that a worker may be pointed at by mistake. Each listens on a free port of the loopback address. */
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { decodeFrame, encodeFrame, PROTOCOL_VERSION, refusal } from '@gradcast/protocol';
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';

export interface FakeServer {
  readonly port: number;
  /** As a worker is told it: `ws://127.0.0.1:PORT`. */
  readonly url: string;
  close(): Promise<void>;
}

/** A web server: it answers every request, upgrades included, with a page. */
export async function webServer(): Promise<FakeServer> {
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<p>A web page.</p>');
  });
  return listening(server);
}

/** What a coordinator of a later protocol answers to this version's hello; `rejects` it as none of its messages. */
export type LaterAnswer = 'refuses' | 'rejects' | 'welcomes';

/** A coordinator of the next protocol version: it refuses this one's hello, or takes it and answers in its own words. */
export async function laterCoordinator(answer: LaterAnswer): Promise<FakeServer> {
  const server = createServer();
  const sockets = new WebSocketServer({ server, perMessageDeflate: false });
  sockets.on('connection', (socket) => {
    socket.on('message', (data: Buffer) => {
      const { type } = decodeFrame(data).header as { type?: unknown };
      if (type === 'hello') answerHello(socket, answer);
    });
  });
  return listening(server);
}

function answerHello(socket: WebSocket, answer: LaterAnswer): void {
  const later = PROTOCOL_VERSION + 1;
  const sentence = `the coordinator speaks protocol ${later}, the worker ${PROTOCOL_VERSION}`;
  if (answer === 'rejects') {
    socket.send(encodeFrame(refusal('message-invalid', 'the message is not one of the protocol at profile')));
    return socket.close(1008, 'message-invalid');
  }
  const message =
    answer === 'refuses'
      ? { type: 'refuse', code: 'protocol-version', sentence, retry: 'never' }
      : {
          type: 'welcome',
          protocol: later,
          incarnation: 1,
          run: 'later',
          worker: 'w',
          terms: { words: 'unknown here' },
        };
  socket.send(encodeFrame(message));
  if (answer === 'refuses') socket.close(1008, 'protocol-version');
}

/** A server that holds a port so that nobody else can have it. */
export async function portHolder(): Promise<FakeServer> {
  return listening(createServer());
}

/** A port of the loopback address on which nobody listens, at least a moment ago. */
export async function deadPort(): Promise<number> {
  const server = await portHolder();
  await server.close();
  return server.port;
}

async function listening(server: Server): Promise<FakeServer> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `ws://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
