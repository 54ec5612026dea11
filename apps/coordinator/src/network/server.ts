/**
 * The port that workers connect to: HTTP upgrades are checked, then handed to the fleet.
 */
import { createServer } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { isLoopback } from '@gradcast/protocol';
import type { RefusalCode } from '@gradcast/protocol';
import { WebSocketServer } from 'ws';
import { checkUpgrade, SUBPROTOCOL } from './admission.ts';
import type { Refusal } from './admission.ts';
import { Connections } from './connections.ts';
import type { ConnectionLimits } from './connections.ts';
import type { Credentials } from './credentials.ts';
import type { Admit } from './connection.ts';
import { CoordinatorError } from '../failure.ts';
import { networkOf } from './address-network.ts';
import { watchPieces } from './pieces.ts';
import { trafficOf } from './traffic.ts';

/** Where a server listens. */
export type Place =
  /** Port 0 takes a free one. */
  | { readonly host: string; readonly port: number }
  /** A Unix socket in a folder that other users cannot enter. */
  | { readonly path: string };

export interface ServerOptions {
  readonly place: Place;
  readonly credentials: Credentials;
  /** Bytes of the largest legal frame from a worker. */
  readonly maxPayload: number;
  readonly onConnection: Admit;
  readonly limits: ConnectionLimits;
  /** With the error, if the refusal is for a failure of ours. */
  readonly onRefused: (address: string, code: RefusalCode, error?: unknown) => void;
}

const REASONS = { 401: 'Unauthorized', 403: 'Forbidden', 503: 'Service Unavailable' } as const;
const FULL: Refusal = {
  status: 503,
  code: 'too-many-workers',
  sentence: 'the coordinator has as many connections as it takes',
};

const HEADERS_MS = 10_000;

export interface RunningServer {
  /** `ws://host:port`, or as `ws` writes the address of a Unix socket: `ws+unix:path:/`. */
  readonly url: string;
  /** Ends every connection; resolves within a bounded time, whatever their other ends do. */
  close(): Promise<void>;
}

/** @throws CoordinatorError `port-in-use` or `address-unusable`. */
export async function serve(options: ServerOptions): Promise<RunningServer> {
  const { place, maxPayload, limits } = options;
  const server = createServer({ headersTimeout: HEADERS_MS, requestTimeout: HEADERS_MS }, (_, response) => {
    const body = 'This port is for Gradcast workers: gradcast worker --coordinator ws://HOST:PORT\n';
    const headers = { 'content-type': 'text/plain; charset=utf-8', upgrade: 'websocket', connection: 'close' };
    response.writeHead(426, headers).end(body);
  });
  const connections = new Connections(limits);
  server.on('connection', (socket) => connections.add(socket, networkOf(addressOf(socket, place))));
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload,
    perMessageDeflate: false,
    // What `watchPieces` builds on.
    allowSynchronousEvents: true,
    clientTracking: false,
    // Never the one that holds a token; a browser wants one of those it offered.
    handleProtocols: (offered) => offered.has(SUBPROTOCOL) && SUBPROTOCOL,
  });
  server.on('upgrade', (request, stream, head) => {
    stream.on('error', () => stream.destroy());
    try {
      upgrade({ request, stream, head }, { options, connections, sockets });
    } catch (error) {
      options.onRefused(addressOf(request.socket, place), 'message-failed', error);
      stream.destroy();
    }
  });
  await listen(server, place);
  return {
    url: urlOf(server, place),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        connections.close();
      }),
  };
}

interface Upgrade {
  readonly request: IncomingMessage;
  readonly stream: Duplex;
  readonly head: Buffer;
}

interface Port {
  readonly options: ServerOptions;
  readonly connections: Connections;
  readonly sockets: WebSocketServer;
}

function upgrade({ request, stream, head }: Upgrade, { options, connections, sockets }: Port): void {
  const { credentials, place, onRefused, onConnection } = options;
  const address = addressOf(request.socket, place);
  const loopback = 'path' in place || isLoopback(place.host);
  const checked = checkUpgrade(request.headers, { credentials, loopback });
  const admitted = 'status' in checked || connections.upgrade(request.socket) ? checked : FULL;
  if ('status' in admitted) {
    onRefused(address, admitted.code);
    return refuse(stream, admitted);
  }
  request.socket.setNoDelay(true);
  sockets.handleUpgrade(request, stream, head, (socket) => {
    // Every error is followed by a close.
    socket.on('error', () => undefined);
    const whenLarge = watchPieces(stream, socket);
    onConnection({ socket, address, credential: admitted, whenLarge, ...trafficOf(request.socket) });
  });
}

/** Its socket goes with the answer: a peer that keeps its half open keeps nothing here. */
function refuse(stream: Duplex, { status, code, sentence }: Refusal): void {
  const body = JSON.stringify({ code, sentence });
  stream.resume();
  stream.end(
    `HTTP/1.1 ${status} ${REASONS[status]}\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
    () => stream.destroy(),
  );
}

/**
 * The peer's address as it dials: IPv4 addresses without their IPv6 mapping. Who comes by a Unix socket is on this machine,
 * and there Prometheus finds its metrics.
 */
function addressOf(socket: Socket, place: Place): string {
  if ('path' in place) return '127.0.0.1';
  return (socket.remoteAddress ?? 'unknown').replace(/^::ffff:/, '');
}

function urlOf(server: Server, place: Place): string {
  if ('path' in place) return `ws+unix:${place.path}:/`;
  const { port } = server.address() as AddressInfo;
  return `ws://${place.host.includes(':') ? `[${place.host}]` : place.host}:${port}`;
}

function listen(server: Server, place: Place): Promise<void> {
  const name = 'path' in place ? place.path : `${place.host} port ${place.port}`;
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const isTaken = cause.code === 'EADDRINUSE' && 'port' in place;
      reject(
        isTaken
          ? new CoordinatorError('port-in-use', `port ${place.port} on ${place.host} is in use`, { cause })
          : new CoordinatorError('address-unusable', `cannot listen on ${name} (${cause.code ?? cause.message})`, {
              cause,
            }),
      );
    });
    server.listen(place, () => resolve());
  });
}
