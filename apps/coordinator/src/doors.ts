/**
 * The two ports of a coordinator, opened before anything is written: one for workers, one for metrics. Until the run is
 * set up, workers are asked to come again and metrics say that it is not ready.
 */
import { serveMetrics } from '@gradcast/metrics';
import type { RequestHandler } from '@gradcast/metrics';
import { frameLimit } from '@gradcast/protocol';
import type { WebSocket } from 'ws';
import type { RunOptions } from './run.ts';
import { serve } from './server.ts';

/** Takes an admitted connection; `bytesRead` counts what has arrived on it. */
export type Admit = (socket: WebSocket, address: string, bytesRead: () => number) => void;

export interface Doors {
  /** `ws://host:port`. */
  readonly url: string;
  /** `http://host:port/metrics`. */
  readonly metricsUrl: string;
  /** From now on workers are admitted. */
  admit(admit: Admit): void;
  /** What answers on the metrics port. */
  readonly metrics: { handler: RequestHandler };
  close(): Promise<void>;
}

/** WebSocket close code for "try again later" (IANA registry of RFC 6455 close codes). */
const TRY_AGAIN_LATER = 1013;

/**
 * @param resultBytes payload of a result, the largest message from a worker.
 * @throws CoordinatorError `port-in-use`, `address-unusable`; MetricsError. */
export async function openDoors({ config, token, logger }: RunOptions, resultBytes: number): Promise<Doors> {
  let admitted: Admit | undefined;
  const metrics = {
    handler: ((_, response) => {
      response.writeHead(503, { 'content-type': 'text/plain; charset=utf-8' }).end('the run is being set up\n');
      return true;
    }) as RequestHandler,
  };
  const metricsServer = await serveMetrics({
    host: config.metricsHost,
    port: config.metricsPort,
    handler: (request, response) => metrics.handler(request, response),
  });
  const server = await serve({
    host: config.host,
    port: config.port,
    token,
    maxPayload: frameLimit(resultBytes),
    onConnection: (socket, address, bytesRead) => {
      if (admitted) admitted(socket, address, bytesRead);
      else socket.close(TRY_AGAIN_LATER, 'the run is being set up');
    },
    onRefused: (address, code) => logger.warn({ address, code }, 'connection refused'),
  }).catch(async (error: unknown) => {
    await metricsServer.close();
    throw error;
  });
  return {
    url: server.url,
    metricsUrl: `http://${hostInUrl(config.metricsHost)}:${metricsServer.port}/metrics`,
    admit: (admit) => (admitted = admit),
    metrics,
    close: async () => {
      await Promise.allSettled([server.close(), metricsServer.close()]);
    },
  };
}

function hostInUrl(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
