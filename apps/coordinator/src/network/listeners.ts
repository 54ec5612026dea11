/**
 * What a coordinator listens on, opened before anything is written: a port for workers, one for metrics, and a Unix socket
 * for workers that the same command starts. Until the run is set up, workers are asked to come again and metrics say that
 * it is not ready.
 */
import { rmdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { Access, JoinConfig, TlsConfig } from '@gradcast/config';
import { frameLimit } from '@gradcast/protocol';
import type { Logger } from 'pino';
import { certificateOf } from './certificate.ts';
import type { Certificate } from './certificate.ts';
import type { Admit } from './connection.ts';
import { connectionLimits } from './connections.ts';
import { Credentials } from './credentials.ts';
import type { Guests } from './credentials.ts';
import { LineBudget } from './line-budget.ts';
import { openMetricsListener } from './metrics-listener.ts';
import type { MetricsListener, MetricsListenerOptions } from './metrics-listener.ts';
import { TrustedProxies } from './proxies.ts';
import { serve } from './server.ts';
import type { AnswerRequest, Place, ServerOptions } from './server.ts';

export interface ListenersOptions {
  /** Port 0 takes a free one. */
  readonly config: MetricsListenerOptions & {
    readonly host: string;
    readonly port: number;
    readonly maxWorkers: number;
    readonly maxVolunteers: number;
    readonly tls: TlsConfig | null;
    readonly trustedProxies: readonly string[];
    readonly join: JoinConfig | null;
  };
  readonly access: Access;
  /** Path of a Unix socket for workers of the same command, or null. */
  readonly localSocket: string | null;
  readonly logger: Pick<Logger, 'warn'>;
}

export interface Listeners {
  /** `ws://host:port` or `wss://host:port`. */
  readonly url: string;
  /** For workers of the same command: their Unix socket, or the port where there is none, or a plain one where that speaks TLS. */
  readonly localUrl: string;
  /** With which the port speaks TLS. */
  readonly certificate: Certificate | undefined;
  /** From now on workers are admitted. */
  admit(admit: Admit): void;
  /** From now on guests are admitted. */
  receive(guests: Guests): void;
  /** From now on requests that are no upgrades are answered, after those who answered before. */
  answer(onRequest: AnswerRequest): void;
  /** From now on they are asked to come again: whoever comes back at once would join a run that is being taken down. */
  turnAway(): void;
  readonly metrics: MetricsListener;
  close(): Promise<void>;
}

/** WebSocket close code for "try again later" (IANA registry of RFC 6455 close codes). */
const TRY_AGAIN_LATER = 1013;

/**
 * @param resultBytes payload of a result, the largest message from a worker.
 * @throws CoordinatorError `port-in-use`, `address-unusable`; MetricsError. */
export async function openListeners(options: ListenersOptions, resultBytes: number): Promise<Listeners> {
  const { config, access, localSocket, logger } = options;
  const credentials = new Credentials(access);
  let admitted: Admit | undefined;
  let whyNot = 'the run is being set up';
  const pages: AnswerRequest[] = [];
  const lines = new LineBudget(() => performance.now());
  const certificate = config.tls === null ? undefined : await certificateOf(config.tls, config);
  const metrics = await openMetricsListener(config);
  const serveAt = (place: Place, how: Partial<ServerOptions> = {}) =>
    serve({
      place,
      credentials,
      maxPayload: frameLimit(resultBytes),
      limits: connectionLimits(config.maxWorkers + config.maxVolunteers),
      onConnection: (connection) => {
        if (admitted) admitted(connection);
        else connection.socket.close(TRY_AGAIN_LATER, whyNot);
      },
      onRefused: (address, code, error) => {
        const leftOut = lines.take();
        if (leftOut === undefined) return;
        logger.warn({ address, code, err: error, ...(leftOut > 0 && { leftOut }) }, 'connection refused');
      },
      ...how,
    });
  const url = config.join?.url;
  const server = await serveAt(
    { host: config.host, port: config.port },
    {
      tls: certificate,
      proxies: new TrustedProxies(config.trustedProxies),
      page: url ? new URL(url) : undefined,
      onRequest: (...request) => pages.some((answer) => answer(...request)),
    },
  ).catch(async (error: unknown) => {
    await metrics.close();
    throw error;
  });
  const atSocket =
    localSocket === null
      ? undefined
      : await serveAt({ path: localSocket }).catch((error: unknown) => {
          logger.warn({ reason: String(error) }, 'no Unix socket for local workers; they use a port');
          return undefined;
        });
  // Our own workers know no certificate: they come by a port of their own that takes nobody else.
  const onlyLocal = new Credentials({ credentials: [], local: access.local });
  const local =
    atSocket ?? (certificate && (await serveAt({ host: '127.0.0.1', port: 0 }, { credentials: onlyLocal })));
  return {
    url: server.url,
    localUrl: local?.url ?? dialled(server.url),
    certificate,
    receive: (guests) => credentials.welcome(guests),
    answer: (answer) => void pages.push(answer),
    admit: (admit) => (admitted = admit),
    turnAway: () => {
      admitted = undefined;
      whyNot = 'the coordinator stops';
    },
    metrics,
    close: async () => {
      const leftOut = lines.rest();
      if (leftOut > 0) logger.warn({ leftOut }, 'more connections were refused');
      await Promise.allSettled([server.close(), metrics.close(), local?.close()]);
      // The command that made the folder removes it, unless it was killed.
      if (localSocket !== null) await rmdir(dirname(localSocket)).catch(() => undefined);
    },
  };
}

/** The address under which this machine's workers reach a coordinator that listens everywhere. */
export function dialled(url: string): string {
  return url.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:');
}
