import type { Window } from '../reports/windows.ts';
import type { Metric } from '../statement/metric.ts';
import { OBSERVATION_METRICS } from '../statement/observation-metrics.ts';
import type { Measure } from '../statement/statement.ts';
import { EXPORTER_METRICS } from './catalog-exporter.ts';
import { LEDGER_METRICS } from './catalog-ledger.ts';

export type { Metric, MetricType } from '../statement/metric.ts';

/**
 * The metric catalogue: every exported family with its labels and help. `docs/metrics.md` is generated from it, and dashboards and rules
 * are checked against it. Names, types and labels are public API: additions are free, renames are deprecations.
 */
export const METRICS = {
  ...LEDGER_METRICS,
  ...OBSERVATION_METRICS,
  ...EXPORTER_METRICS,
} as const satisfies Record<string, Metric>;

export type MetricKey = keyof typeof METRICS;

export const COUNTERS: Readonly<Record<Measure, MetricKey>> = {
  cost: 'cost',
  component_cost: 'componentCost',
  tokens: 'tokens',
  requests: 'requests',
  billed_seconds: 'billedSeconds',
  units: 'units',
  top_ups: 'topUps',
  unconverted: 'unconverted',
};

export const GAUGES: Readonly<Record<Window, MetricKey>> = {
  today: 'costToday',
  yesterday: 'costYesterday',
  month_to_date: 'costMonthToDate',
  last_month: 'costLastMonth',
};
