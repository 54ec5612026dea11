/** Panels of the Grafana dashboards as Grafana reads them: from the committed JSON. */
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { repository } from '@gradcast/testing';

/** One panel; its place is in Grafana's grid, 24 columns wide. */
export interface GrafanaPanel {
  readonly type: 'stat' | 'timeseries';
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly fieldConfig: {
    readonly defaults: {
      readonly unit: string;
      readonly custom?: { readonly stacking?: { readonly mode: string } };
    };
  };
  readonly targets: readonly { readonly expr: string; readonly legendFormat: string }[];
}

/** One dashboard; `name` is its file's. */
export interface GrafanaDashboard {
  readonly name: string;
  readonly title: string;
  readonly panels: readonly GrafanaPanel[];
}

const folder = join(repository, 'deploy', 'grafana', 'dashboards');

export async function readDashboards(): Promise<GrafanaDashboard[]> {
  const files = (await readdir(folder)).sort();
  return Promise.all(
    files.map(async (file) => {
      const json = JSON.parse(await readFile(join(folder, file), 'utf8')) as Omit<GrafanaDashboard, 'name'>;
      return { ...json, name: basename(file, '.json') };
    }),
  );
}

/** An expression as Grafana would send it where Prometheus scrapes each second. */
export function asSent(expression: string): string {
  return expression.replaceAll('$__rate_interval', '15s');
}
