/**
 * A worker from its start to its exit code: backend, compute thread, metrics, session.
 */
import { createHash } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import type { ChildMessage, WorkerConfig } from '@gradcast/config';
import { chooseBackend } from '@gradcast/backends-node';
import { endpoints, healthChecks, processMetrics, serveMetrics, workerMetrics } from '@gradcast/metrics';
import { ARITHMETIC_VERSION, labelOf, profileOf, showRate } from '@gradcast/protocol';
import { Session } from '@gradcast/worker-core';
import type { Outcome, SessionNotice } from '@gradcast/worker-core';
import type { Logger } from 'pino';
import { Compute } from './compute.ts';
import { connect } from './connect.ts';

export interface WorkOptions {
  readonly config: WorkerConfig;
  readonly token: string | null;
  readonly logger: Logger;
  readonly tell: (message: ChildMessage) => void;
  /** Aborts when the worker is to say goodbye. */
  readonly stop: AbortSignal;
}

/** How often the time without work is added up. */
const WAIT_TICK_MS = 1000;

/** Works until the run is done, the worker is told to stop, or there is nobody to work for. */
export async function work({ config, token, logger, tell, stop }: WorkOptions): Promise<Outcome> {
  let member = false;
  const notReady = () => (member ? undefined : 'not connected to a coordinator');
  // Health checks are answered while the backend starts, and whatever holds the metrics port. The process ends with its outcome.
  if (config.healthPort !== null) {
    const handler = healthChecks(endpoints({ registries: [], notReady }));
    await serveMetrics({ host: '127.0.0.1', port: config.healthPort, handler });
  }
  const chosen = await chooseBackend(config.backend);
  const gpu = chosen.gpus.length > 0 ? chosen.gpus[config.localIndex % chosen.gpus.length] : undefined;
  tell({ type: 'backend', backend: chosen.backend, device: chosen.device, sentence: chosen.sentence });
  logger.info({ backend: chosen.backend, device: chosen.device, gpu }, chosen.sentence);

  let busyMs = 0;
  const compute = await Compute.start(
    { candidate: chosen.candidate, threads: config.threads, gpu },
    {
      // No frame and no failure comes before the session has delivered something.
      frame: (bytes) => session.send(bytes),
      idle: () => session.finished(),
      measured: (computeMs, images) => {
        busyMs += computeMs;
        metrics.computeSeconds.inc(computeMs / 1000);
        metrics.images.inc(images);
      },
      failed: (code, sentence) => session.giveUp(code, sentence),
    },
  );
  const { profile } = compute;
  const metrics = workerMetrics({ backend: profile.backend, device: profile.device, version: profile.libraryVersion });
  const server = await serveMetrics({
    host: config.metricsHost,
    port: config.metricsPort,
    names: config.metricsNames,
    handler: endpoints({ registries: [metrics.registry, processMetrics()], notReady }),
  });

  let trouble: string | undefined;
  const notice = (event: SessionNotice) => {
    if (event.kind === 'parked') {
      const [takes, needs] = [event.bytesPerSecond, event.neededBytesPerSecond].map(showRate);
      logger.warn(event, 'parked');
      const sentence = `the coordinator has parked this worker: it takes ${takes} and needs ${needs} to keep up`;
      return tell({ type: 'notice', sentence });
    }
    member = event.kind === 'joined';
    if (event.kind === 'joined') {
      trouble = undefined;
      return logger.info(event, 'joined');
    }
    metrics.reconnects.inc();
    logger.warn(event, 'connection lost');
    // One line for a trouble that lasts; the log has every try.
    if (event.sentence !== trouble) tell({ type: 'notice', sentence: `${event.sentence}; trying again` });
    trouble = event.sentence;
  };
  const session = new Session({
    connect: (events) => connect({ url: config.coordinator, token }, events),
    clock: { now: () => performance.now(), after },
    jitter: Math.random,
    introduction: {
      backend: profile.backend,
      device: labelOf(profile.device),
      profile: profileOf({ ...profile, protocol: ARITHMETIC_VERSION }, sha256),
      threads: profile.threads,
      name: config.name,
      metricsPort: server.port,
    },
    reconnectSeconds: config.reconnectSeconds,
    deliver: (bytes) => compute.deliver(bytes),
    disconnected: () => compute.disconnected(),
    notice,
  });
  let lastTick = performance.now();
  const waiting = setInterval(() => {
    const now = performance.now();
    if (member) metrics.leaseWaitSeconds.inc(Math.max(0, now - lastTick - busyMs) / 1000);
    lastTick = now;
    busyMs = 0;
  }, WAIT_TICK_MS);
  const leave = () =>
    session.leave('the worker was told to stop', { graceMs: config.graceSeconds * 1000, busy: compute.busy });
  stop.addEventListener('abort', leave);
  session.start();
  if (stop.aborted) leave();
  const outcome = await session.ended;
  stop.removeEventListener('abort', leave);
  clearInterval(waiting);
  await server.close();
  return outcome;
}

function after(ms: number, callback: () => void): () => void {
  const timer = setTimeout(callback, ms);
  return () => clearTimeout(timer);
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
