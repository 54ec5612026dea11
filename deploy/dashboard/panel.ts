/**
 * What a Grafana dashboard asks Prometheus, panel by panel. Dashboards are drawn from such lists and tests execute them, so a
 * metric that is renamed cannot leave an empty panel behind.
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
export interface Panel {
  readonly title: string;
  readonly description: string;
  /** A figure, a chart of lines, or one of areas that add up. */
  readonly kind: 'stat' | 'lines' | 'stack';
  /** Grafana's unit id. */
  readonly unit: 'short' | 'none' | 's' | 'bytes' | 'Bps' | 'percentunit';
  readonly queries: readonly Query[];
}

/** One dashboard. `name` is its file's, and the end of its uid. */
export interface Board {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly panels: readonly Panel[];
}

/** A counter's growth a second, over what Grafana thinks right. */
export function rate(metric: string): string {
  return `rate(${metric}[${RATE_INTERVAL}])`;
}

/** A quantile of a histogram, by further labels if there are any. */
export function quantile(share: number, histogram: string, by: readonly string[] = []): string {
  const labels = ['le', ...by].join(', ');
  return `histogram_quantile(${share}, sum by (${labels}) (${rate(`${histogram}_bucket`)}))`;
}

/** A histogram's mean, by labels. */
export function mean(histogram: string, by: string): string {
  const [sum, count] = ['sum', 'count'].map((part) => `sum by (${by}) (${rate(`${histogram}_${part}`)})`);
  return `${sum} / ${count}`;
}

/** A query as Prometheus takes it, looking back over `window` such as `30s`. */
export function promql({ expression }: Query, window: string): string {
  return expression.replaceAll(RATE_INTERVAL, window);
}
