/** Grafana dashboards, drawn from lists of panels; their JSON is committed for Grafana to load. */
/* eslint-disable @typescript-eslint/no-deprecated -- the newer schema cannot be provisioned from a file by every Grafana in use */
import { StackingConfigBuilder, StackingMode } from '@grafana/grafana-foundation-sdk/common';
import {
  DashboardBuilder,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  type Dashboard,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TimeseriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import type { Board, Panel } from './panel.ts';

/** Grafana's grid is 24 columns wide: four figures in a row, or three charts. */
const STAT = { width: 6, height: 4 };
const CHART = { width: 8, height: 8 };
/** How dense areas that add up are, in percent. */
const AREA = 40;
const TAG = 'gradcast';

/** Whichever Prometheus the viewer picks. */
const datasource = { type: 'prometheus', uid: '${datasource}' };

/** A dashboard as Grafana's JSON model; the same each time. */
export function buildDashboard({ name, title, description, panels }: Board): Dashboard {
  const others = new DashboardLinkBuilder('Gradcast').type(DashboardLinkType.Dashboards).tags([TAG]).keepTime(true);
  const dashboard = new DashboardBuilder(title)
    .uid(`gradcast-${name}`)
    .description(description)
    .tags([TAG])
    .link(others)
    .refresh('5s')
    .time({ from: 'now-15m', to: 'now' })
    .timezone('browser')
    .withVariable(new DatasourceVariableBuilder('datasource').label('Prometheus').type('prometheus'));
  panels.forEach((panel, index) => {
    dashboard.withPanel(panelBuilder(panel).id(index + 1));
  });
  return dashboard.build();
}

function panelBuilder(panel: Panel): StatBuilder | TimeseriesBuilder {
  switch (panel.kind) {
    case 'stat':
      return describe(new StatBuilder(), panel).span(STAT.width).height(STAT.height);
    case 'lines':
      return chart(panel);
    case 'stack':
      return chart(panel).stacking(new StackingConfigBuilder().mode(StackingMode.Normal)).fillOpacity(AREA);
    default:
      return panel.kind satisfies never;
  }
}

function chart(panel: Panel): TimeseriesBuilder {
  return describe(new TimeseriesBuilder(), panel).span(CHART.width).height(CHART.height).axisSoftMin(0);
}

function describe<Builder extends StatBuilder | TimeseriesBuilder>(
  builder: Builder,
  { title, description, unit, queries }: Panel,
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
