/** Panels that several dashboards have: what a reader of any of them asks first. */
import type { Panel } from './panel.ts';

export const alertsNow: Panel = {
  title: 'Alerts now',
  description: 'Alerts of deploy/prometheus/alerts.yml that fire; docs/reliability.md says what to do.',
  kind: 'stat',
  unit: 'short',
  queries: [
    {
      expression: 'count(ALERTS{alertname=~"Gradcast.+", alertstate="firing"}) or vector(0)',
      legend: 'alerts',
    },
  ],
};

export const stateOfRun: Panel = {
  title: 'State of the run',
  description: '1 for the state that the run is in.',
  kind: 'lines',
  unit: 'none',
  queries: [{ expression: 'gradcast_run_state == 1', legend: '{{state}}' }],
};

export const workersNow: Panel = {
  title: 'Workers now',
  description: 'Workers that are connected, volunteers left out.',
  kind: 'stat',
  unit: 'short',
  queries: [{ expression: 'sum(gradcast_workers)', legend: 'workers' }],
};

export const loss: Panel = {
  title: 'Loss',
  description: 'Mean loss of the last closed step.',
  kind: 'lines',
  unit: 'none',
  queries: [{ expression: 'gradcast_loss', legend: '{{network}}' }],
};
