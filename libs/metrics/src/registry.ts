/**
 * The only file that knows which Prometheus client is used. Names follow Prometheus' own rules: one prefix, base
 * units, `_total` on counters; labels are bounded, so a long run does not grow its series without end.
 */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** A set of metrics that is served together. */
export type MetricsRegistry = Pick<Registry, 'metrics' | 'contentType'>;

/** Makes metrics of one registry; every name gets the prefix `gradcast_`. */
export class MetricsFactory {
  readonly registry = new Registry();

  /** A number that only grows; `name` ends in `_total`. */
  counter<Label extends string = never>(name: string, help: string, labels: readonly Label[] = []): Counter<Label> {
    return new Counter({ name: `gradcast_${name}`, help, labelNames: labels, registers: [this.registry] });
  }

  /** A number that goes up and down. */
  gauge<Label extends string = never>(name: string, help: string, labels: readonly Label[] = []): Gauge<Label> {
    return new Gauge({ name: `gradcast_${name}`, help, labelNames: labels, registers: [this.registry] });
  }

  /** A gauge that has no value until it is set: what is not known yet is left out, for 0 would be an answer. */
  unknownGauge(name: string, help: string): Gauge {
    const gauge = this.gauge(name, help);
    gauge.remove();
    return gauge;
  }

  /** A distribution over `buckets`, upper bounds in ascending order. */
  histogram<Label extends string = never>(
    name: string,
    help: string,
    { buckets, labels = [] }: { buckets: readonly number[]; labels?: readonly Label[] },
  ): Histogram<Label> {
    return new Histogram({
      name: `gradcast_${name}`,
      help,
      labelNames: labels,
      buckets: [...buckets],
      registers: [this.registry],
    });
  }
}

/** Upper bounds `first`, `2 first`, `4 first` …, `count` of them. */
export function doublingBuckets(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => first * 2 ** index);
}

/**
 * CPU, memory, garbage collection and event loop of this process, under the names every Node service has. They are
 * kept apart: not all of them keep the naming rules that ours are checked against.
 */
export function processMetrics(): MetricsRegistry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
}
