/**
 * The HTTP side of a process: `/metrics` for Prometheus, `/healthz` and `/readyz` for whoever runs the process, and
 * `/targets`, by which Prometheus finds a coordinator's workers (HTTP service discovery). They are a plain function
 * over `node:http`, so that they can share a port with something else.
 *
 * Source of the `/targets` format: Prometheus documentation, "Writing HTTP service discovery".
 */
import type { MetricsRegistry } from './registry.ts';
import { JSON_TYPE, pathOf, router, TEXT } from './router.ts';
import type { Answer, RequestHandler, Route } from './router.ts';

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

/** Makes the handler of one process. */
export function endpoints({ registries, notReady, targets }: EndpointOptions): RequestHandler {
  const routes: Route[] = [
    {
      method: 'GET',
      path: '/metrics',
      failure: 'The metrics could not be collected.\n',
      answer: () => exposition(registries),
    },
    { method: 'GET', path: '/healthz', answer: () => ({ status: 200, type: TEXT, body: 'ok\n' }) },
    {
      method: 'GET',
      path: '/readyz',
      answer: () => {
        const reason = notReady();
        return { status: reason === undefined ? 200 : 503, type: TEXT, body: `${reason ?? 'ok'}\n` };
      },
    },
  ];
  if (targets) {
    const answer = () => ({ status: 200, type: JSON_TYPE, body: discovery(targets()) });
    routes.push({ method: 'GET', path: '/targets', answer });
  }
  return router(routes);
}

const HEALTH_CHECKS = ['/healthz', '/readyz'];

/** The part of a handler that health checks ask for, `/healthz` and `/readyz`: for a listener that they have to themselves. */
export function healthChecks(handler: RequestHandler): RequestHandler {
  return (request, response) => HEALTH_CHECKS.includes(pathOf(request)) && handler(request, response);
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
