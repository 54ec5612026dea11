/**
 * The ports of a coordinator that workers have no business with: one for Prometheus, and, if asked for, one on loopback
 * for health checks. Whoever fills the first with connections does not make the second silent, so a supervisor that asks there
 * does not end a run that lives.
 */
import { endpoints, healthChecks, serveMetrics } from '@gradcast/metrics';
import type { MetricsServer, RequestHandler } from '@gradcast/metrics';

export interface MetricsListenerOptions {
  readonly metricsHost: string;
  readonly metricsPort: number;
  /** Names under which metrics may be asked for, besides addresses and private names. */
  readonly metricsNames: readonly string[];
  /** Port on loopback for `/healthz` and `/readyz` alone; null opens none. */
  readonly healthPort: number | null;
}

export interface MetricsListener {
  /** `http://host:port/metrics`. */
  readonly url: string;
  /** Port of the health checks, if there is one. */
  readonly healthPort: number | null;
  /** What answers; until the run is set up, that the process lives and is not ready. */
  handler: RequestHandler;
  close(): Promise<void>;
}

/** @throws MetricsError `metrics-port-in-use`, `metrics-address`. */
export async function openMetricsListener(options: MetricsListenerOptions): Promise<MetricsListener> {
  const { metricsHost: host, metricsPort: port, metricsNames: names, healthPort } = options;
  const answer: RequestHandler = (request, response) => listener.handler(request, response);
  const server = await serveMetrics({ host, port, names, handler: answer });
  let health: MetricsServer | undefined;
  try {
    if (healthPort !== null)
      health = await serveMetrics({ host: '127.0.0.1', port: healthPort, handler: healthChecks(answer) });
  } catch (error) {
    await server.close();
    throw error;
  }
  const listener: MetricsListener = {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${server.port}/metrics`,
    healthPort: health?.port ?? null,
    handler: settingUp,
    close: async () => {
      await Promise.all([server.close(), health?.close()]);
    },
  };
  return listener;
}

const unprepared = endpoints({ registries: [], notReady: () => 'the run is being set up' });

/** A run that is not set up has no metrics; it lives all the same. */
const settingUp: RequestHandler = (request, response) => {
  if (healthChecks(unprepared)(request, response)) return true;
  response.writeHead(503, { 'content-type': 'text/plain; charset=utf-8' }).end('the run is being set up\n');
  return true;
};
