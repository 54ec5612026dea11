/** What a worker tells Prometheus. */
import type { Counter } from 'prom-client';
import { MetricsFactory } from './registry.ts';
import type { MetricsRegistry } from './registry.ts';

/** A worker's metrics; times are in seconds. */
export interface WorkerMetrics {
  readonly registry: MetricsRegistry;
  /** Time spent computing gradients. */
  readonly computeSeconds: Counter;
  /** Time spent with nothing to compute. */
  readonly leaseWaitSeconds: Counter;
  /** Images in the micro-batches this worker computed, whether they were used or not. */
  readonly images: Counter;
  readonly reconnects: Counter;
}

/** What a worker computes with. */
export interface BackendInfo {
  readonly backend: string;
  readonly device: string;
  readonly version: string;
}

/** Makes a worker's metrics, all at zero, in a registry of their own. */
export function workerMetrics(info: BackendInfo): WorkerMetrics {
  const make = new MetricsFactory();
  const metrics: WorkerMetrics = {
    registry: make.registry,
    computeSeconds: make.counter('compute_seconds_total', 'Time spent computing gradients.'),
    leaseWaitSeconds: make.counter('lease_wait_seconds_total', 'Time spent waiting for something to compute.'),
    images: make.counter('worker_images_total', 'Images in the micro-batches this worker computed.'),
    reconnects: make.counter('reconnects_total', 'Connections opened after the first.'),
  };
  make
    .gauge('backend_info', 'What this worker computes with, as labels.', ['backend', 'device', 'version'])
    .set({ ...info }, 1);
  return metrics;
}
