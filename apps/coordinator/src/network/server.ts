/**
 * The port that workers connect to: HTTP upgrades are checked, then handed to the fleet. Where browser tabs may join, other
 * requests are answered as well.
 */
import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { isLoopback } from '@gradcast/protocol';
import type { RefusalCode } from '@gradcast/protocol';
import { WebSocketServer } from 'ws';
import { checkUpgrade, SUBPROTOCOL } from './admission.ts';
import type { OwnAddress, Refusal } from './admission.ts';
import { Connections } from './connections.ts';
import type { ConnectionLimits } from './connections.ts';
import type { Credentials } from './credentials.ts';
import type { Admit } from './connection.ts';
import { CoordinatorError } from '../failure.ts';
import { networkOf } from './address-network.ts';
import { watchPieces } from './pieces.ts';
import { TrustedProxies } from './proxies.ts';
import { trafficOf } from './traffic.ts';

/** Where a server listens. */
export type Place =
  /** Port 0 takes a free one. */
  | { readonly host: string; readonly port: number }
  /** A Unix socket in a folder that other users cannot enter. */
  | { readonly path: string };

/** Who asks, and under which names of ours it may. */
export interface Asker extends OwnAddress {
  /** Its address, behind proxies that are trusted. */
  readonly address: string;
}

/** Who asks for an answer. */
export interface Inquirer extends Asker {
  /** Its answer is to go on for as long as both ends want, like a WebSocket. @returns whether there is room for that. */
  readonly lasts: () => boolean;
}

/** Answers a request that is no upgrade; returns false, having done nothing, if it is not its own. */
export type AnswerRequest = (request: IncomingMessage, response: ServerResponse, asker: Inquirer) => boolean;

export interface ServerOptions {
  readonly place: Place;
  readonly credentials: Credentials;
  /** Bytes of the largest legal frame from a worker. */
  readonly maxPayload: number;
  readonly onConnection: Admit;
  readonly limits: ConnectionLimits;
  /** With the error, if the refusal is for a failure of ours. */
  readonly onRefused: (address: string, code: RefusalCode, error?: unknown) => void;
  /** Certificate and key, PEM; plain without. */
  readonly tls?: { readonly cert: string; readonly key: string };
  readonly proxies?: TrustedProxies;
  /** The join page's address behind a reverse proxy. */
  readonly page?: URL;
  readonly onRequest?: AnswerRequest;
}

const REASONS = { 401: 'Unauthorized', 403: 'Forbidden', 503: 'Service Unavailable' } as const;
const FULL: Refusal = {
  status: 503,
  code: 'too-many-workers',
  sentence: 'the coordinator has as many connections as it takes',
};

const HEADERS_MS = 10_000;
const LIMITS = { headersTimeout: HEADERS_MS, requestTimeout: HEADERS_MS };
const NO_PROXIES = new TrustedProxies([]);

export interface RunningServer {
  /** `ws://host:port` or `wss://host:port`, or as `ws` writes the address of a Unix socket: `ws+unix:path:/`. */
  readonly url: string;
  /** Ends every connection; resolves within a bounded time, whatever their other ends do. */
  close(): Promise<void>;
}

/** @throws CoordinatorError `port-in-use` or `address-unusable`. */
export async function serve(options: ServerOptions): Promise<RunningServer> {
  const { place, maxPayload, limits, tls } = options;
  const connections = new Connections(limits);
  const carriers = new Carriers();
  const onRequest: RequestListener = (request, response) => {
    const carrier = carriers.of(request.socket);
    const asker = askerOf(request, options);
    const lasts = () => connections.upgrade(carrier, networkOf(asker.address));
    if (options.onRequest?.(request, response, { ...asker, lasts })) return connections.answers(carrier);
    const body = 'This port is for Gradcast workers: gradcast worker --coordinator ws://HOST:PORT\n';
    const headers = { 'content-type': 'text/plain; charset=utf-8', upgrade: 'websocket', connection: 'close' };
    response.writeHead(426, headers).end(body);
  };
  const server = tls ? createTlsServer({ ...LIMITS, ...tls }, onRequest) : createServer(LIMITS, onRequest);
  server.on('connection', (socket: Socket) => connections.add(socket, networkOf(addressOf(socket, place))));
  if (tls) carriers.watch(server);
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
  server.on('upgrade', (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    stream.on('error', () => stream.destroy());
    try {
      upgrade({ request, stream, head, carrier: carriers.of(request.socket) }, { options, connections, sockets });
    } catch (error) {
      options.onRefused(addressOf(request.socket, place), 'message-failed', error);
      stream.destroy();
    }
  });
  await listen(server, place);
  return {
    url: urlOf(server, options),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        connections.close();
      }),
  };
}

/**
 * The sockets below TLS: what they move is what goes over the wire, and they are there before anything is agreed on.
 */
class Carriers {
  readonly #arriving = new Map<string, Socket>();
  readonly #below = new WeakMap<Socket, Socket>();

  watch(server: Server): void {
    server.on('connection', (socket: Socket) => {
      const end = endOf(socket);
      this.#arriving.set(end, socket);
      socket.once('close', () => {
        if (this.#arriving.get(end) === socket) this.#arriving.delete(end);
      });
    });
    server.on('secureConnection', (socket: Socket) => {
      const below = this.#arriving.get(endOf(socket));
      if (below) this.#below.set(socket, below);
      this.#arriving.delete(endOf(socket));
    });
  }

  /** The socket itself where there is none below it. */
  of(socket: Socket): Socket {
    return this.#below.get(socket) ?? socket;
  }
}

function endOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

interface Upgrade {
  readonly request: IncomingMessage;
  readonly stream: Duplex;
  readonly head: Buffer;
  readonly carrier: Socket;
}

interface Port {
  readonly options: ServerOptions;
  readonly connections: Connections;
  readonly sockets: WebSocketServer;
}

function upgrade({ request, stream, head, carrier }: Upgrade, { options, connections, sockets }: Port): void {
  const { credentials, onRefused, onConnection } = options;
  const asker = askerOf(request, options);
  const { address } = asker;
  const checked = checkUpgrade(request.headers, { ...asker, credentials });
  const admitted = 'status' in checked || connections.upgrade(carrier, networkOf(address)) ? checked : FULL;
  if ('status' in admitted) {
    onRefused(address, admitted.code);
    return refuse(stream, admitted);
  }
  carrier.setNoDelay(true);
  sockets.handleUpgrade(request, stream, head, (socket) => {
    // Every error is followed by a close.
    socket.on('error', () => undefined);
    const whenLarge = watchPieces(stream, socket);
    onConnection({ socket, address, credential: admitted, whenLarge, ...trafficOf(carrier) });
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

function askerOf(
  { socket, headers }: IncomingMessage,
  { place, proxies = NO_PROXIES, page, tls }: ServerOptions,
): Asker {
  const nearest = addressOf(socket, place);
  return {
    address: proxies.clientOf(nearest, headers),
    scheme: proxies.schemeOf(nearest, headers) ?? (tls ? 'https' : undefined),
    loopback: 'path' in place || isLoopback(place.host),
    page,
  };
}

/**
 * The peer's address as it dials: IPv4 addresses without their IPv6 mapping. Who comes by a Unix socket is on this machine,
 * and there Prometheus finds its metrics.
 */
function addressOf(socket: Socket, place: Place): string {
  if ('path' in place) return '127.0.0.1';
  return (socket.remoteAddress ?? 'unknown').replace(/^::ffff:/, '');
}

function urlOf(server: Server, { place, tls }: ServerOptions): string {
  if ('path' in place) return `ws+unix:${place.path}:/`;
  const { port } = server.address() as AddressInfo;
  return `${tls ? 'wss' : 'ws'}://${place.host.includes(':') ? `[${place.host}]` : place.host}:${port}`;
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
