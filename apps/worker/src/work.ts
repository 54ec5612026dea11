/**
 * A worker in Node from its start to its exit code: backend, compute thread, metrics, and the session with its coordinator.
 */
import { createHash } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import type { ChildMessage, WorkerConfig } from '@gradcast/config';
import { chooseBackend, gpuLoads } from '@gradcast/backends-node';
import { endpoints, healthChecks, processMetrics, serveMetrics, workerMetrics } from '@gradcast/metrics';
import type { WorkerMetrics } from '@gradcast/metrics';
import { loadOwnTask } from '@gradcast/own-task';
import { Compute, introductionOf, Work } from '@gradcast/worker-core';
import type { Outcome, WorkEvents, WorkNotice } from '@gradcast/worker-core';
import type { Logger } from 'pino';
import { connect } from './connect.ts';
import { watchGpus } from './gpu-watch.ts';
import { threadOf } from './start-thread.ts';

export interface WorkOptions {
  readonly config: WorkerConfig;
  readonly token: string | null;
  readonly logger: Logger;
  readonly tell: (message: ChildMessage) => void;
  /** Aborts when the worker is to say goodbye. */
  readonly stop: AbortSignal;
}

/** Works until the run is done, the worker is told to stop, or there is nobody to work for. */
export async function work({ config, token, logger, tell, stop }: WorkOptions): Promise<Outcome> {
  const { taskFile } = config;
  const own = taskFile === null ? undefined : loadOwnTask(taskFile).task;
  let isMember = () => false;
  const notReady = () => (isMember() ? undefined : 'not connected to a coordinator');
  // Health checks are answered while the backend starts, and whatever holds the metrics port. The process ends with its outcome.
  if (config.healthPort !== null) {
    const handler = healthChecks(endpoints({ registries: [], notReady }));
    await serveMetrics({ host: '127.0.0.1', port: config.healthPort, handler });
  }
  const chosen = await chooseBackend(config.backend);
  const gpu = chosen.gpus.length > 0 ? chosen.gpus[config.localIndex % chosen.gpus.length] : undefined;
  tell({ type: 'backend', backend: chosen.backend, device: chosen.device, sentence: chosen.sentence });
  logger.info({ backend: chosen.backend, device: chosen.device, gpu }, chosen.sentence);

  const compute = await Compute.start(
    threadOf({
      candidate: chosen.candidate,
      threads: config.threads,
      gpu,
      taskFile,
      tune: config.tune,
      started: performance.timeOrigin,
    }),
  );
  const { profile } = compute;
  const metrics = workerMetrics({ backend: profile.backend, device: profile.device, version: profile.libraryVersion });
  const server = await serveMetrics({
    host: config.metricsHost,
    port: config.metricsPort,
    names: config.metricsNames,
    handler: endpoints({ registries: [metrics.registry, processMetrics()], notReady }),
  });
  const member = new Work({
    compute,
    introduction: await introductionOf({ profile, name: config.name, metricsPort: server.port, sha256 }),
    connect: (events) => connect({ url: config.coordinator, token, task: own }, events),
    clock: { now: () => performance.now(), after },
    jitter: Math.random,
    reconnectSeconds: config.reconnectSeconds,
    graceSeconds: config.graceSeconds,
    events: reporter({ metrics, logger, tell }),
  });
  isMember = () => member.isMember;
  const unwatch = watchGpus({
    ask: () => gpuLoads(process.env),
    show: (loads) => metrics.showGpus(loads),
    only: gpu?.index,
    after,
  });
  const leave = () => member.leave('the worker was told to stop', config.graceSeconds * 1000);
  stop.addEventListener('abort', leave);
  const ended = member.run();
  if (stop.aborted) leave();
  const outcome = await ended;
  stop.removeEventListener('abort', leave);
  unwatch();
  await server.close();
  return outcome;
}

const WARNINGS: readonly WorkNotice['kind'][] = ['lost', 'parked', 'device-lost', 'device-full', 'device-singly'];

/** Log, metrics and the command's terminal. */
function reporter({
  metrics,
  logger,
  tell,
}: Pick<WorkOptions, 'logger' | 'tell'> & { readonly metrics: WorkerMetrics }): WorkEvents {
  return {
    notice: (event, sentence) => {
      logger[WARNINGS.includes(event.kind) ? 'warn' : 'info'](
        event,
        event.kind === 'lost' ? 'connection lost' : event.kind,
      );
      if (event.kind === 'lost') metrics.reconnects.inc();
      if (sentence !== undefined) tell({ type: 'notice', sentence, ofRun: event.kind === 'state' });
    },
    measured: (computeMs, images) => {
      metrics.computeSeconds.inc(computeMs / 1000);
      metrics.images.inc(images);
    },
    waited: (ms) => metrics.leaseWaitSeconds.inc(ms / 1000),
  };
}

function after(ms: number, callback: () => void): () => void {
  const timer = setTimeout(callback, ms);
  return () => clearTimeout(timer);
}

function sha256(bytes: Uint8Array): Promise<string> {
  return Promise.resolve(createHash('sha256').update(bytes).digest('hex'));
}
