/** A small HTTP server for the endpoints of a process. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { RequestHandler } from './endpoints.ts';
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

/** Scrapers that may be connected at once; more are turned away. */
const MAX_CONNECTIONS = 64;

/** How long a client may take to send its request, and how often that is looked at. */
const REQUEST_MS = 10_000;
const LOOK_MS = 1000;

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
  const limits = { requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS, connectionsCheckingInterval: LOOK_MS };
  const server = createServer(limits, (request, response) => {
    if (!namesUs(request.headers.host, { bound: host, also: names })) {
      response.writeHead(403, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' });
      response.end('The Host header does not name this process; --metrics-names takes further names.\n');
    } else if (!handler(request, response)) response.writeHead(404).end();
  });
  server.maxConnections = MAX_CONNECTIONS;
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => reject(refusal(host, port, cause)));
    server.listen(port, host, () => {
      resolve({
        port: (server.address() as AddressInfo).port,
        close: () =>
          new Promise((closed) => {
            server.close(() => closed());
            server.closeAllConnections();
          }),
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
