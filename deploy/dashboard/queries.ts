/**
 * What the Grafana dashboard asks Prometheus, panel by panel. The dashboard is drawn from this list and tests execute
 * it, so a metric that is renamed cannot leave an empty panel behind.
 */

/** Where rates look back; Grafana puts in a few scrape intervals. */
export const RATE_INTERVAL = '$__rate_interval';

/** One line, or one family of lines, of a panel. */
export interface Query {
  readonly expression: string;
  /** Grafana's legend: label names in double braces. */
  readonly legend: string;
}

/** One panel. */
export interface PanelQueries {
  readonly title: string;
  readonly description: string;
  readonly kind: 'stat' | 'timeseries';
  /** Grafana's unit id. */
  readonly unit: string;
  readonly queries: readonly Query[];
}

/** The coordinator's metrics are about the run; a worker's are about itself and carry its name from `/targets`. */
export const panels: readonly PanelQueries[] = [
  {
    title: 'Images',
    description: 'Real training images used so far.',
    kind: 'stat',
    unit: 'short',
    queries: [{ expression: 'sum(gradcast_images_total)', legend: 'images' }],
  },
  {
    title: 'Steps',
    description: 'Optimizer steps closed so far.',
    kind: 'stat',
    unit: 'short',
    queries: [{ expression: 'sum(gradcast_steps_total)', legend: 'steps' }],
  },
  {
    title: 'Workers now',
    description: 'Workers that are connected.',
    kind: 'stat',
    unit: 'short',
    queries: [{ expression: 'sum(gradcast_workers)', legend: 'workers' }],
  },
  {
    title: 'Checkpoint age',
    description: 'What would be lost if the coordinator were killed now.',
    kind: 'stat',
    unit: 's',
    queries: [{ expression: 'time() - max(gradcast_checkpoint_timestamp_seconds)', legend: 'age' }],
  },
  {
    title: 'Images per second',
    description: 'Images of closed steps, and what each worker computed.',
    kind: 'timeseries',
    unit: 'short',
    queries: [
      { expression: `sum(rate(gradcast_images_total[${RATE_INTERVAL}]))`, legend: 'run' },
      { expression: `sum by (worker) (rate(gradcast_worker_images_total[${RATE_INTERVAL}]))`, legend: '{{worker}}' },
    ],
  },
  {
    title: 'Step time',
    description: 'Median and 95th percentile of the time from opening a step to closing it.',
    kind: 'timeseries',
    unit: 's',
    queries: [0.5, 0.95].map((quantile) => ({
      expression: `histogram_quantile(${quantile}, sum by (le) (rate(gradcast_step_duration_seconds_bucket[${RATE_INTERVAL}])))`,
      legend: `p${quantile * 100}`,
    })),
  },
  {
    title: 'Where a step goes',
    description: 'Mean time of each phase of a step.',
    kind: 'timeseries',
    unit: 's',
    queries: [
      {
        expression:
          `sum by (phase) (rate(gradcast_step_phase_duration_seconds_sum[${RATE_INTERVAL}]))` +
          ` / sum by (phase) (rate(gradcast_step_phase_duration_seconds_count[${RATE_INTERVAL}]))`,
        legend: '{{phase}}',
      },
    ],
  },
  {
    title: 'Loss',
    description: 'Mean loss of the last closed step.',
    kind: 'timeseries',
    unit: 'none',
    queries: [{ expression: 'gradcast_loss', legend: '{{network}}' }],
  },
  {
    title: 'Gradient norm',
    description: 'Norm of the averaged gradient of the last closed step.',
    kind: 'timeseries',
    unit: 'none',
    queries: [{ expression: 'gradcast_gradient_norm', legend: '{{network}}' }],
  },
  {
    title: 'Scalars',
    description: 'What the task measures of the last closed step: of a GAN D(x) and D(G(z)).',
    kind: 'timeseries',
    unit: 'none',
    queries: [{ expression: 'gradcast_scalar{scalar!~"loss.*"}', legend: '{{scalar}}' }],
  },
  {
    title: 'Troubles',
    description: 'What is wrong with the training, as its task names it; the alerts have what to do.',
    kind: 'timeseries',
    unit: 'none',
    queries: [{ expression: 'gradcast_trouble', legend: '{{trouble}}' }],
  },
  {
    title: 'Workers',
    description: 'Connected workers by what they are doing.',
    kind: 'timeseries',
    unit: 'short',
    queries: [{ expression: 'sum by (state) (gradcast_workers)', legend: '{{state}}' }],
  },
  {
    title: 'Wire',
    description: 'Bytes of WebSocket messages, as the coordinator sees them.',
    kind: 'timeseries',
    unit: 'Bps',
    queries: [
      { expression: `sum by (direction) (rate(gradcast_wire_bytes_total[${RATE_INTERVAL}]))`, legend: '{{direction}}' },
    ],
  },
  {
    title: 'Lease time by worker',
    description: 'Median time from handing out a lease to its last result; a straggler stands out.',
    kind: 'timeseries',
    unit: 's',
    queries: [
      {
        expression: `histogram_quantile(0.5, sum by (le, worker) (rate(gradcast_lease_duration_seconds_bucket[${RATE_INTERVAL}])))`,
        legend: '{{worker}}',
      },
    ],
  },
  {
    title: 'Waiting',
    description: 'Share of its time that each worker spends with nothing to compute.',
    kind: 'timeseries',
    unit: 'percentunit',
    queries: [
      {
        expression: `sum by (worker) (rate(gradcast_lease_wait_seconds_total[${RATE_INTERVAL}]))`,
        legend: '{{worker}}',
      },
    ],
  },
  {
    title: 'Leases not accepted',
    description: 'Leases a second that ended otherwise than accepted.',
    kind: 'timeseries',
    unit: 'short',
    queries: [
      {
        expression: `sum by (outcome) (rate(gradcast_leases_total{outcome!="accepted"}[${RATE_INTERVAL}]))`,
        legend: '{{outcome}}',
      },
    ],
  },
  {
    title: 'Checkpoint time',
    description: 'Mean time to hash, write and sync a checkpoint, off the step loop.',
    kind: 'timeseries',
    unit: 's',
    queries: [
      {
        expression: 'sum(gradcast_checkpoint_duration_seconds_sum) / sum(gradcast_checkpoint_duration_seconds_count)',
        legend: 'mean',
      },
    ],
  },
];

/** A query as Prometheus takes it, looking back over `window` such as `30s`. */
export function promql({ expression }: Query, window: string): string {
  return expression.replaceAll(RATE_INTERVAL, window);
}
