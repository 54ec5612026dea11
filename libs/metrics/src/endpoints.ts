/**
 * The HTTP side of a process: `/metrics` for Prometheus, `/healthz` and `/readyz` for whoever runs the process, and
 * `/targets`, by which Prometheus finds a coordinator's workers (HTTP service discovery). They are a plain function
 * over `node:http`, so that they can share a port with something else.
 *
 * Source of the `/targets` format: Prometheus documentation, "Writing HTTP service discovery".
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { MetricsRegistry } from './registry.ts';

/** Something Prometheus is to scrape. */
export interface ScrapeTarget {
  /** Host name or address, without brackets. */
  readonly host: string;
  readonly port: number;
  readonly labels: Readonly<Record<string, string>>;
}

/** What the endpoints say. */
export interface EndpointOptions {
  readonly registries: readonly MetricsRegistry[];
  /** Undefined when ready, else one sentence on what is missing. */
  readonly notReady: () => string | undefined;
  /** Present on a coordinator only; asked anew for each request. */
  readonly targets?: () => readonly ScrapeTarget[];
}

/** Answers a request if its path is one of these endpoints'; returns false, having done nothing, if it is not. */
export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => boolean;

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

const TEXT = 'text/plain; charset=utf-8';

/** Makes the handler of one process. */
export function endpoints(options: EndpointOptions): RequestHandler {
  return (request, response) => {
    const answer = route(request, options);
    if (!answer) return false;
    answer.then(
      (sent) => send(request, response, sent),
      () => send(request, response, { status: 500, type: TEXT, body: 'The metrics could not be collected.\n' }),
    );
    return true;
  };
}

const HEALTH_CHECKS = ['/healthz', '/readyz'];

/** The part of a handler that health checks ask for, `/healthz` and `/readyz`: for a listener that they have to themselves. */
export function healthChecks(handler: RequestHandler): RequestHandler {
  return (request, response) => HEALTH_CHECKS.includes(pathOf(request)) && handler(request, response);
}

function pathOf({ url = '' }: IncomingMessage): string {
  return url.split('?', 1)[0];
}

function route(request: IncomingMessage, options: EndpointOptions): Promise<Answer> | undefined {
  const answer = answers(pathOf(request), options);
  if (!answer || request.method === 'GET' || request.method === 'HEAD') return answer?.();
  return Promise.resolve({ status: 405, type: TEXT, body: 'Only GET is answered here.\n' });
}

function answers(
  path: string,
  { registries, notReady, targets }: EndpointOptions,
): (() => Promise<Answer>) | undefined {
  switch (path) {
    case '/metrics':
      return () => exposition(registries);
    case '/healthz':
      return () => Promise.resolve({ status: 200, type: TEXT, body: 'ok\n' });
    case '/readyz':
      return () => {
        const reason = notReady();
        return Promise.resolve({ status: reason === undefined ? 200 : 503, type: TEXT, body: `${reason ?? 'ok'}\n` });
      };
    case '/targets':
      return targets && (() => Promise.resolve({ status: 200, type: 'application/json', body: discovery(targets()) }));
    default:
      return undefined;
  }
}

async function exposition(registries: readonly MetricsRegistry[]): Promise<Answer> {
  const texts = await Promise.all(registries.map((registry) => registry.metrics()));
  return { status: 200, type: registries[0]?.contentType ?? TEXT, body: texts.join('\n') };
}

function discovery(targets: readonly ScrapeTarget[]): string {
  return JSON.stringify(
    targets.map(({ host, port, labels }) => ({
      targets: [`${host.includes(':') ? `[${host}]` : host}:${port}`],
      labels,
    })),
  );
}

function send(request: IncomingMessage, response: ServerResponse, { status, type, body }: Answer): void {
  const headers = { 'content-type': type, 'content-length': Buffer.byteLength(body), 'cache-control': 'no-store' };
  response.writeHead(status, status === 405 ? { ...headers, allow: 'GET, HEAD' } : headers);
  response.end(request.method === 'HEAD' ? undefined : body);
}
