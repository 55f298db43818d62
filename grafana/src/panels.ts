import * as bargauge from '@grafana/grafana-foundation-sdk/bargauge';
import * as common from '@grafana/grafana-foundation-sdk/common';
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import * as prometheus from '@grafana/grafana-foundation-sdk/prometheus';
import * as stat from '@grafana/grafana-foundation-sdk/stat';
import * as statetimeline from '@grafana/grafana-foundation-sdk/statetimeline';
import * as table from '@grafana/grafana-foundation-sdk/table';
import * as timeseries from '@grafana/grafana-foundation-sdk/timeseries';
import type { Panel, Query, Series, Stat, Step, Table, Timeline } from './board.ts';

/** The selected data source, for every panel. */
export const DATASOURCE: common.DataSourceRef = { type: 'prometheus', uid: '$datasource' };

/** The position of a panel on the grid. */
export type Place = dashboard.GridPos;

/** A panel in Grafana's format. */
export function panelAt(panel: Panel, place: Place) {
  const { id, title, about, unit, steps, decimals, empty } = panel;
  const builder = bareOf(panel);
  builder.id(id).title(title).description(about).datasource(DATASOURCE).gridPos(place).unit(unit);
  for (const [index, query] of panel.queries.entries()) builder.withTarget(targetOf(panel, query, index));
  if (steps) builder.thresholds(thresholdsOf(steps));
  if (decimals !== undefined) builder.decimals(decimals);
  if (empty !== undefined) builder.noValue(empty);
  return builder;
}

function bareOf(panel: Panel) {
  switch (panel.kind) {
    case 'stat':
      return statOf(panel);
    case 'gauge':
      return gaugeOf(panel);
    case 'table':
      return tableOf(panel);
    case 'timeline':
      return timelineOf(panel);
    default:
      return seriesOf(panel);
  }
}

/** The ref id of a query: a letter. */
function letterOf(index: number): string {
  return String.fromCharCode(65 + index);
}

function targetOf({ kind }: Panel, { expr, legend }: Query, index: number): prometheus.DataqueryBuilder {
  const target = new prometheus.DataqueryBuilder().refId(letterOf(index)).expr(expr).datasource(DATASOURCE);
  if (legend !== undefined) target.legendFormat(legend);
  if (kind === 'table') return target.format(prometheus.PromQueryFormat.Table).instant();
  return kind === 'stat' || kind === 'gauge' ? target.instant() : target.range();
}

function thresholdsOf(steps: readonly Step[]): dashboard.ThresholdsConfigBuilder {
  return new dashboard.ThresholdsConfigBuilder()
    .mode(dashboard.ThresholdsMode.Absolute)
    .steps(steps.map(([value, color]) => ({ value, color })));
}

function statOf({ steps, names = false }: Stat): stat.PanelBuilder {
  const colored = steps ? common.BigValueColorMode.Value : common.BigValueColorMode.None;
  return new stat.PanelBuilder()
    .graphMode(common.BigValueGraphMode.None)
    .colorMode(colored)
    .textMode(names ? common.BigValueTextMode.Name : common.BigValueTextMode.Auto)
    .reduceOptions(lastOf());
}

function gaugeOf(_panel: Stat): bargauge.PanelBuilder {
  return new bargauge.PanelBuilder()
    .orientation(common.VizOrientation.Horizontal)
    .displayMode(common.BarGaugeDisplayMode.Gradient)
    .min(0)
    .reduceOptions(lastOf());
}

function lastOf(): common.ReduceDataOptionsBuilder {
  return new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']);
}

function seriesOf({ kind, every }: Series): timeseries.PanelBuilder {
  const mode = kind === 'lines' ? common.StackingMode.None : common.StackingMode.Normal;
  const builder = new timeseries.PanelBuilder()
    .drawStyle(kind === 'bars' ? common.GraphDrawStyle.Bars : common.GraphDrawStyle.Line)
    .fillOpacity({ lines: 0, stack: 40, bars: 80 }[kind])
    .showPoints(common.VisibilityMode.Never)
    .stacking(new common.StackingConfigBuilder().mode(mode))
    .tooltip(tooltip())
    .legend(legend());
  return every === undefined ? builder : builder.interval(every);
}

function tooltip(): common.VizTooltipOptionsBuilder {
  return new common.VizTooltipOptionsBuilder()
    .mode(common.TooltipDisplayMode.Multi)
    .sort(common.SortOrder.Descending);
}

function legend(): common.VizLegendOptionsBuilder {
  return new common.VizLegendOptionsBuilder()
    .displayMode(common.LegendDisplayMode.List)
    .placement(common.LegendPlacement.Bottom)
    .showLegend(true)
    .calcs([]);
}

function timelineOf({ states }: Timeline): statetimeline.PanelBuilder {
  const options = Object.fromEntries(
    Object.entries(states).map(([value, [text, color]], index) => [value, { text, color, index }]),
  );
  return new statetimeline.PanelBuilder()
    .mappings([{ type: dashboard.MappingType.ValueToText, options }])
    .mergeValues(true)
    .showValue(common.VisibilityMode.Never)
    .rowHeight(0.8)
    .legend(legend());
}

function tableOf({ labels, queries, sortBy }: Table): table.PanelBuilder {
  const columns = [
    ...labels.map((label) => [label, titleOf(label)] as const),
    ...queries.map(({ column }, index) => [valueFieldOf(queries, index), column ?? 'Value'] as const),
  ];
  const builder = new table.PanelBuilder()
    .sortBy([new common.TableSortByFieldStateBuilder().displayName(sortBy).desc(true)])
    .withTransformation({ id: 'merge', options: {} })
    .withTransformation({
      id: 'filterFieldsByName',
      options: { include: { names: columns.map(([field]) => field) } },
    })
    .withTransformation({ id: 'organize', options: organized(columns) });
  for (const { column, unit } of queries)
    if (column !== undefined && unit) builder.overrideByName(column, [{ id: 'unit', value: unit }]);
  return labels.includes('provider') ? builder.overrideByName('Provider', [providerLink()]) : builder;
}

/** Grafana's name for the values of a query. */
function valueFieldOf(queries: readonly Query[], index: number): string {
  return queries.length === 1 ? 'Value' : `Value #${letterOf(index)}`;
}

function organized(columns: readonly (readonly [string, string])[]): object {
  return {
    renameByName: Object.fromEntries(columns),
    indexByName: Object.fromEntries(columns.map(([field], index) => [field, index])),
    excludeByName: {},
  };
}

function titleOf(label: string): string {
  const words = label.replaceAll('_', ' ');
  return words === 'sku' ? 'SKU' : words.charAt(0).toUpperCase() + words.slice(1);
}

/** Links a row to the dashboard of its provider. */
function providerLink(): dashboard.DynamicConfigValue {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana fills it in, not JavaScript
  const url = '/d/ai-billing-${__data.fields.Provider}?${__url_time_range}&${datasource:queryparam}';
  return { id: 'links', value: [{ title: 'Provider dashboard', url }] };
}
