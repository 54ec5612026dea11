/** What a worker tells Prometheus. */
import type { Counter, Gauge } from 'prom-client';
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
  /** GPUs of this machine, as its driver tells; no series where it tells nothing. */
  showGpus(loads: readonly GpuLoad[]): void;
}

/** A GPU at one moment; undefined what its driver does not tell. */
export interface GpuLoad {
  readonly index: number;
  /** Share of the time in which it computed, 0 to 1. */
  readonly utilization: number | undefined;
  readonly usedBytes: number | undefined;
  readonly sizeBytes: number | undefined;
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
  const utilization = make.gauge('gpu_utilization_ratio', 'Share of the time in which the GPU computed.', ['gpu']);
  const used = make.gauge('gpu_memory_used_bytes', 'Memory of the GPU in use, by whomever.', ['gpu']);
  const size = make.gauge('gpu_memory_size_bytes', 'Memory of the GPU.', ['gpu']);
  const metrics: WorkerMetrics = {
    registry: make.registry,
    computeSeconds: make.counter('compute_seconds_total', 'Time spent computing gradients.'),
    leaseWaitSeconds: make.counter('lease_wait_seconds_total', 'Time spent waiting for something to compute.'),
    images: make.counter('worker_images_total', 'Images in the micro-batches this worker computed.'),
    reconnects: make.counter('reconnects_total', 'Connections opened after the first.'),
    showGpus: (loads) => {
      // What is not told any more is no longer so.
      for (const gauge of [utilization, used, size]) gauge.reset();
      for (const { index, ...load } of loads) {
        const gpu = String(index);
        setKnown(utilization, gpu, load.utilization);
        setKnown(used, gpu, load.usedBytes);
        setKnown(size, gpu, load.sizeBytes);
      }
    },
  };
  make
    .gauge('backend_info', 'What this worker computes with, as labels.', ['backend', 'device', 'version'])
    .set({ ...info }, 1);
  return metrics;
}

function setKnown(gauge: Gauge<'gpu'>, gpu: string, value: number | undefined): void {
  if (value !== undefined) gauge.set({ gpu }, value);
}
