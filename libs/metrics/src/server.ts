/** Small HTTP servers for the endpoints of a process: on a port, and on a Unix socket. */
import { chmod } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { RequestHandler } from './router.ts';
import { namesUs } from './own-names.ts';

/** Why the metrics port could not be opened. */
export type MetricsErrorCode = 'metrics-port-in-use' | 'metrics-address';

/** The endpoints cannot be served. `message` is one sentence for a user. */
export class MetricsError extends Error {
  override readonly name = 'MetricsError';
  readonly code: MetricsErrorCode;

  constructor(code: MetricsErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Clients that may be connected at once; more are turned away. */
const MAX_CONNECTIONS = 64;

/** How long a client may take to send its request, and how often that is looked at. */
const REQUEST_MS = 10_000;
const LOOK_MS = 1000;
const LIMITS = { requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS, connectionsCheckingInterval: LOOK_MS };

/** How long a client of a Unix socket may take to hear the end of what it is told. */
const LAST_WORDS_MS = 1000;

/** Where to listen; port 0 takes a free one. */
export interface MetricsServerOptions {
  readonly host: string;
  readonly port: number;
  readonly handler: RequestHandler;
  /** Names of this process besides those that `namesUs` knows. */
  readonly names?: readonly string[];
}

/** A server that listens. */
export interface MetricsServer {
  readonly port: number;
  /** Stops listening and ends open connections. */
  close(): Promise<void>;
}

/**
 * Serves the endpoints; any other path is 404, and a request whose Host header does not name this process is 403.
 *
 * @throws MetricsError `metrics-port-in-use`, or `metrics-address` if the host or port cannot be bound.
 */
export function serveMetrics({ host, port, handler, names = [] }: MetricsServerOptions): Promise<MetricsServer> {
  const server = createServer(LIMITS, (request, response) => {
    if (!namesUs(request.headers.host, { bound: host, also: names })) {
      response.writeHead(403, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' });
      response.end('The Host header does not name this process; --metrics-names takes further names.\n');
    } else if (!handler(request, response)) response.writeHead(404).end();
  });
  server.maxConnections = MAX_CONNECTIONS;
  return new Promise((resolve, reject) => {
    server.on('error', (cause: NodeJS.ErrnoException) => reject(refusal(host, port, cause)));
    server.listen(port, host, () => {
      resolve({
        port: (server.address() as AddressInfo).port,
        close: () => closed(server, 0),
      });
    });
  });
}

function refusal(host: string, port: number, cause: NodeJS.ErrnoException): MetricsError {
  if (cause.code === 'EADDRINUSE') {
    return new MetricsError('metrics-port-in-use', `the metrics port ${port} on ${host} is in use`, { cause });
  }
  const reason = cause.code ?? 'unknown error';
  return new MetricsError('metrics-address', `metrics cannot be served on ${host} port ${port} (${reason})`, {
    cause,
  });
}

/** A server on a Unix socket. */
export interface LocalServer {
  /** Stops listening, ends open streams in good order, and removes the socket. */
  close(): Promise<void>;
}

/**
 * Serves a handler on a Unix socket that this user alone may open, one request a connection. There is no Host header to look
 * at: no page of a browser reaches such a socket.
 *
 * @param path of at most 103 bytes: some systems cut off what is longer without a word.
 * @throws an error of the system where there can be no such socket.
 */
export async function serveLocally(path: string, handler: RequestHandler): Promise<LocalServer> {
  const open = new Set<ServerResponse>();
  const server = createServer(LIMITS, (request, response) => {
    open.add(response);
    response.once('close', () => open.delete(response));
    response.shouldKeepAlive = false;
    if (!handler(request, response)) response.writeHead(404).end();
  });
  server.maxConnections = MAX_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.on('error', reject);
    server.listen(path, resolve);
  });
  try {
    await chmod(path, 0o600);
  } catch (error) {
    await closed(server, 0);
    throw error;
  }
  return {
    close: () => {
      for (const response of open) if (response.headersSent) response.end();
      return closed(server, LAST_WORDS_MS);
    },
  };
}

/** Resolves when nobody is connected any more, which those who are bring about within so long. */
function closed(server: Server, graceMs: number): Promise<void> {
  return new Promise((done) => {
    const end = () => server.closeAllConnections();
    const timer = graceMs > 0 ? setTimeout(end, graceMs) : undefined;
    server.close(() => {
      clearTimeout(timer);
      done();
    });
    if (timer === undefined) end();
    else server.closeIdleConnections();
  });
}
