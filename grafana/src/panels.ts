import * as bargauge from '@grafana/grafana-foundation-sdk/bargauge';
import * as common from '@grafana/grafana-foundation-sdk/common';
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import * as prometheus from '@grafana/grafana-foundation-sdk/prometheus';
import * as stat from '@grafana/grafana-foundation-sdk/stat';
import * as statetimeline from '@grafana/grafana-foundation-sdk/statetimeline';
import * as table from '@grafana/grafana-foundation-sdk/table';
import * as timeseries from '@grafana/grafana-foundation-sdk/timeseries';
import {
  type Bars,
  type Names,
  type Panel,
  type Query,
  type Series,
  type Stat,
  type Step,
  type Table,
  type Timeline,
  type Unit,
  USD,
} from './board.ts';

/** The selected data source, for every panel. */
export const DATASOURCE: common.DataSourceRef = { type: 'prometheus', uid: '$datasource' };

/** The position of a panel on the grid. */
export type Place = dashboard.GridPos;

/** A panel in Grafana's format. */
export function panelAt(panel: Panel, place: Place) {
  const { id, title, about, unit, steps, states, repeat, back } = panel;
  const { decimals = DECIMALS[unit] } = panel;
  const builder = bareOf(panel);
  builder.id(id).title(title).description(about).datasource(DATASOURCE).gridPos(place);
  builder.unit(unit).noValue(emptyOf(panel));
  for (const [index, query] of panel.queries.entries()) builder.withTarget(targetOf(panel, query, index));
  if (steps) builder.thresholds(thresholdsOf(steps));
  if (decimals !== undefined) builder.decimals(decimals);
  if (states) builder.mappings([mappingOf(states)]);
  if (repeat) builder.repeat(repeat).repeatDirection('h').maxPerRow(3);
  if (back !== undefined) builder.timeFrom(back);
  return builder;
}

/** A chart has a point per step of some hundredths of its range: data that is younger than one does not show. */
function emptyOf({ kind, empty }: Panel): string {
  const isLine = kind === 'lines' || kind === 'stack';
  return isLine ? `${empty} In the first hour, select a time range of an hour.` : empty;
}

/** Decimals of units that do not choose them well by themselves. */
const DECIMALS: Partial<Record<Unit, number>> = { [USD]: 2, percentunit: 1, locale: 0 };

function mappingOf(states: Names): dashboard.ValueMapping {
  const options = Object.fromEntries(
    Object.entries(states).map(([value, [text, color]], index) => [value, { text, color, index }]),
  );
  return { type: dashboard.MappingType.ValueToText, options };
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

function statOf({ steps, queries, colored: named, names = false }: Stat): stat.PanelBuilder {
  const isColored = steps !== undefined || named !== undefined || queries.some(({ color }) => color);
  const isNamed = queries.some(({ legend }) => legend !== undefined);
  const builder = new stat.PanelBuilder()
    .graphMode(common.BigValueGraphMode.None)
    .colorMode(isColored ? common.BigValueColorMode.Value : common.BigValueColorMode.None)
    .textMode(names ? common.BigValueTextMode.Name : textModeOf(isNamed))
    .reduceOptions(lastOf());
  for (const [index, query] of queries.entries()) {
    const properties = [...colored(query.color), ...measured(query)];
    if (properties.length > 0) builder.overrideByQuery(letterOf(index), properties);
  }
  if (named)
    builder.thresholds(thresholdsOf([[null, 'text']])).overrideByRegexp(named.name, colored(named.color));
  return builder;
}

function textModeOf(isNamed: boolean): common.BigValueTextMode {
  return isNamed ? common.BigValueTextMode.ValueAndName : common.BigValueTextMode.Auto;
}

function colored(color: Query['color']): dashboard.DynamicConfigValue[] {
  return color ? [{ id: 'color', value: { mode: 'fixed', fixedColor: color } }] : [];
}

function measured({ unit, decimals = unit && DECIMALS[unit] }: Query): dashboard.DynamicConfigValue[] {
  return [
    ...(unit ? [{ id: 'unit', value: unit }] : []),
    ...(decimals === undefined ? [] : [{ id: 'decimals', value: decimals }]),
  ];
}

function gaugeOf({ max }: Stat): bargauge.PanelBuilder {
  const builder = new bargauge.PanelBuilder()
    .orientation(common.VizOrientation.Horizontal)
    .displayMode(common.BarGaugeDisplayMode.Gradient)
    .min(0)
    .reduceOptions(lastOf());
  return max === undefined ? builder : builder.max(max);
}

function lastOf(): common.ReduceDataOptionsBuilder {
  return new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']);
}

function seriesOf(panel: Series | Bars): timeseries.PanelBuilder {
  const { kind } = panel;
  const mode = kind === 'lines' ? common.StackingMode.None : common.StackingMode.Normal;
  const builder = new timeseries.PanelBuilder()
    .drawStyle(kind === 'bars' ? common.GraphDrawStyle.Bars : common.GraphDrawStyle.Line)
    .fillOpacity({ lines: 0, stack: 40, bars: 80 }[kind])
    .showPoints(common.VisibilityMode.Auto)
    .stacking(new common.StackingConfigBuilder().mode(mode))
    .tooltip(tooltip())
    .legend(legend());
  return kind === 'bars' ? builder.barAlignment(common.BarAlignment.After).interval(panel.every) : builder;
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

function timelineOf(_panel: Timeline): statetimeline.PanelBuilder {
  return new statetimeline.PanelBuilder()
    .mergeValues(true)
    .showValue(common.VisibilityMode.Never)
    .rowHeight(0.8)
    .legend(legend());
}

function tableOf({ labels, queries, sortBy }: Table): table.PanelBuilder {
  const columns = [
    ...labels.map((label) => [label, titleOf(label)] as const),
    ...queries.flatMap(({ column }, index) =>
      column === undefined ? [] : [[valueFieldOf(queries, index), column] as const],
    ),
  ];
  const builder = new table.PanelBuilder()
    .sortBy([new common.TableSortByFieldStateBuilder().displayName(sortBy).desc(true)])
    .withTransformation({ id: 'merge', options: {} })
    .withTransformation({
      id: 'filterFieldsByName',
      options: { include: { names: columns.map(([field]) => field) } },
    })
    .withTransformation({ id: 'organize', options: organized(columns) });
  for (const query of queries) {
    const properties = [...measured(query), ...cells(query)];
    if (properties.length > 0) builder.overrideByName(query.column ?? 'Value', properties);
  }
  return labels.includes('provider') ? builder.overrideByName('Provider', [providerLink()]) : builder;
}

function cells({ steps, states }: Query): dashboard.DynamicConfigValue[] {
  return [
    ...(states ? [{ id: 'mappings', value: [mappingOf(states)] }] : []),
    ...(steps
      ? [
          { id: 'thresholds', value: thresholdsOf(steps).build() },
          { id: 'custom.cellOptions', value: { type: 'color-text' } },
        ]
      : []),
  ];
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
  if (label === 'who') return 'Account';
  if (label === 'api_key') return 'API key';
  const words = label.replaceAll('_', ' ');
  return words === 'sku' ? 'SKU' : words.charAt(0).toUpperCase() + words.slice(1);
}

/** Links a row to the dashboard of its provider. */
function providerLink(): dashboard.DynamicConfigValue {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana fills it in, not JavaScript
  const url = '/d/ai-billing-${__data.fields.Provider}?${__url_time_range}&${datasource:queryparam}';
  return { id: 'links', value: [{ title: 'Provider dashboard', url }] };
}
