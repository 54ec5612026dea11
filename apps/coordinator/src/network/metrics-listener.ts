/**
 * The ports of a coordinator that workers have no business with: one for Prometheus, and, if asked for, one on loopback
 * for probes. Whoever fills the first with connections does not make the second silent, so a supervisor that asks there
 * does not end a run that lives.
 */
import { endpoints, probes, serveMetrics } from '@gradcast/metrics';
import type { MetricsServer, RequestHandler } from '@gradcast/metrics';

export interface MetricsDoorOptions {
  readonly metricsHost: string;
  readonly metricsPort: number;
  /** Names under which metrics may be asked for, besides addresses and private names. */
  readonly metricsNames: readonly string[];
  /** Port on loopback for `/healthz` and `/readyz` alone; null opens none. */
  readonly healthPort: number | null;
}

export interface MetricsDoor {
  /** `http://host:port/metrics`. */
  readonly url: string;
  /** Port of the probes, if there is one. */
  readonly healthPort: number | null;
  /** What answers; until the run is set up, that the process lives and is not ready. */
  handler: RequestHandler;
  close(): Promise<void>;
}

/** @throws MetricsError `metrics-port-in-use`, `metrics-address`. */
export async function openMetricsDoor(options: MetricsDoorOptions): Promise<MetricsDoor> {
  const { metricsHost: host, metricsPort: port, metricsNames: names, healthPort } = options;
  const answer: RequestHandler = (request, response) => door.handler(request, response);
  const server = await serveMetrics({ host, port, names, handler: answer });
  let health: MetricsServer | undefined;
  try {
    if (healthPort !== null)
      health = await serveMetrics({ host: '127.0.0.1', port: healthPort, handler: probes(answer) });
  } catch (error) {
    await server.close();
    throw error;
  }
  const door: MetricsDoor = {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${server.port}/metrics`,
    healthPort: health?.port ?? null,
    handler: settingUp,
    close: async () => {
      await Promise.all([server.close(), health?.close()]);
    },
  };
  return door;
}

const unprepared = endpoints({ registries: [], notReady: () => 'the run is being set up' });

/** A run that is not set up has no metrics; it lives all the same. */
const settingUp: RequestHandler = (request, response) => {
  if (probes(unprepared)(request, response)) return true;
  response.writeHead(503, { 'content-type': 'text/plain; charset=utf-8' }).end('the run is being set up\n');
  return true;
};
