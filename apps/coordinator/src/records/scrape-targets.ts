/**
 * Where Prometheus finds the metrics of workers.
 *
 * A worker must not choose what Prometheus asks: behind a proxy its address is that of the proxy, so a port of its choice
 * would be any service there. Only workers that this command started are believed; any other is listed at the address it
 * came from, never on loopback, and at the port that the operator named, or not at all. Volunteers are anybody, and not listed.
 */
import { isLoopback } from '@gradcast/protocol';
import type { ScrapeTarget } from '@gradcast/metrics';
import type { WorkerView } from '../events.ts';

/** @param port where workers of other machines serve metrics; 0 lists none of them. Each address is listed once. */
export function scrapeTargets(workers: readonly WorkerView[], port: number): ScrapeTarget[] {
  const targets = new Map<string, ScrapeTarget>();
  for (const { name, role, backend, address, metricsPort, isLocal } of workers) {
    if (metricsPort === null || role === 'volunteer') continue;
    if (!isLocal && (port === 0 || metricsPort !== port || isLoopback(address))) continue;
    const key = `${address} ${metricsPort}`;
    if (!targets.has(key)) targets.set(key, { host: address, port: metricsPort, labels: { worker: name, backend } });
  }
  return [...targets.values()];
}
