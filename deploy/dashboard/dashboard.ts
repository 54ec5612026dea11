/** The Grafana dashboard, drawn from the list of queries; its JSON is committed for Grafana to load. */
/* eslint-disable @typescript-eslint/no-deprecated -- the newer schema cannot be provisioned from a file by every Grafana in use */
import { DashboardBuilder, DatasourceVariableBuilder, type Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TimeseriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import { panels, type PanelQueries } from './queries.ts';

/** Grafana's grid is 24 columns wide: four figures in a row, or three charts. */
const STAT = { width: 6, height: 4 };
const CHART = { width: 8, height: 8 };

/** Whichever Prometheus the viewer picks. */
const datasource = { type: 'prometheus', uid: '${datasource}' };

/** The dashboard as Grafana's JSON model; the same each time. */
export function buildDashboard(): Dashboard {
  const dashboard = new DashboardBuilder('Gradcast')
    .uid('gradcast')
    .description('One training run: its speed, its losses and its workers')
    .tags(['gradcast'])
    .refresh('5s')
    .time({ from: 'now-15m', to: 'now' })
    .timezone('browser')
    .withVariable(new DatasourceVariableBuilder('datasource').label('Prometheus').type('prometheus'));
  panels.forEach((panel, index) => {
    dashboard.withPanel(panelBuilder(panel).id(index + 1));
  });
  return dashboard.build();
}

function panelBuilder(panel: PanelQueries): StatBuilder | TimeseriesBuilder {
  switch (panel.kind) {
    case 'stat':
      return describe(new StatBuilder(), panel).span(STAT.width).height(STAT.height);
    case 'timeseries':
      return describe(new TimeseriesBuilder(), panel).span(CHART.width).height(CHART.height).min(0);
    default:
      return panel.kind satisfies never;
  }
}

function describe<Builder extends StatBuilder | TimeseriesBuilder>(
  builder: Builder,
  { title, description, unit, queries }: PanelQueries,
): Builder {
  builder.title(title).description(description).unit(unit).datasource(datasource);
  queries.forEach(({ expression, legend }, index) => {
    const refId = String.fromCharCode('A'.charCodeAt(0) + index);
    builder.withTarget(
      new DataqueryBuilder().expr(expression).legendFormat(legend).refId(refId).range().datasource(datasource),
    );
  });
  return builder;
}
