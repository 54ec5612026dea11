/**
 * The port that workers connect to: HTTP upgrades are checked, then handed to the fleet.
 */
import { createServer } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { checkUpgrade, isLoopbackName } from './admission.ts';
import type { Credential, Credentials } from './credentials.ts';
import type { Admit } from './doors.ts';
import { CoordinatorError } from './failure.ts';
import { freePieces } from './pieces.ts';
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
  readonly onRefused: (address: string, code: string) => void;
}

/** Connections that may be open at once, before their first message included. */
const MAX_CONNECTIONS = 2048;
const HEADERS_MS = 10_000;

export interface RunningServer {
  /** `ws://host:port`, or as `ws` writes the address of a Unix socket: `ws+unix:path:/`. */
  readonly url: string;
  close(): Promise<void>;
}

/** @throws CoordinatorError `port-in-use` or `address-unusable`. */
export async function serve(options: ServerOptions): Promise<RunningServer> {
  const { place, maxPayload } = options;
  const server = createServer({ headersTimeout: HEADERS_MS, requestTimeout: HEADERS_MS }, (_, response) => {
    const body = 'This port is for Gradcast workers: gradcast worker --coordinator ws://HOST:PORT\n';
    response.writeHead(426, { 'content-type': 'text/plain; charset=utf-8', upgrade: 'websocket' }).end(body);
  });
  server.maxConnections = MAX_CONNECTIONS;
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload,
    perMessageDeflate: false,
    // What `freePieces` builds on.
    allowSynchronousEvents: true,
    clientTracking: false,
  });
  server.on('upgrade', (request, stream, head) => {
    stream.on('error', () => stream.destroy());
    const accept = (credential: Credential) => acceptUpgrade(sockets, { request, stream, head, credential }, options);
    upgrade(request, stream, { options, accept });
  });
  await listen(server, place);
  return {
    url: urlOf(server, place),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Upgrade {
  readonly request: IncomingMessage;
  readonly stream: Duplex;
  readonly head: Buffer;
  readonly credential: Credential;
}

function acceptUpgrade(
  sockets: WebSocketServer,
  { request, stream, head, credential }: Upgrade,
  options: ServerOptions,
): void {
  request.socket.setNoDelay(true);
  sockets.handleUpgrade(request, stream, head, (socket) => {
    // Every error is followed by a close.
    socket.on('error', () => undefined);
    freePieces(stream, socket);
    const address = addressOf(request, options.place);
    options.onConnection({ socket, address, credential, ...trafficOf(request.socket) });
  });
}

function upgrade(
  request: IncomingMessage,
  stream: Duplex,
  { options, accept }: { options: ServerOptions; accept: (credential: Credential) => void },
): void {
  const { credentials, place } = options;
  const loopback = 'path' in place || isLoopbackName(place.host);
  const decided = checkUpgrade(request.headers, { credentials, loopback });
  if (!('status' in decided)) return accept(decided);
  const refusal = decided;
  options.onRefused(addressOf(request, place), refusal.code);
  const { status, code, sentence } = refusal;
  const body = JSON.stringify({ code, sentence });
  const reason = status === 401 ? 'Unauthorized' : 'Forbidden';
  stream.end(
    `HTTP/1.1 ${status} ${reason}\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

/**
 * The peer's address as it dials: IPv4 addresses without their IPv6 mapping. Who comes by a Unix socket is on this machine,
 * and there Prometheus finds its metrics.
 */
function addressOf({ socket }: IncomingMessage, place: Place): string {
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
