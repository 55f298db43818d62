import type { Window } from '../reports/windows.ts';
import type { Measure } from '../statement/statement.ts';
import type { MetricKey } from './catalog.ts';

/** The family of each measure's totals. */
export const COUNTERS: Record<Measure, MetricKey> = {
  cost: 'cost',
  component_cost: 'componentCost',
  tokens: 'tokens',
  requests: 'requests',
  billed_seconds: 'billedSeconds',
  units: 'units',
  top_ups: 'topUps',
  unconverted: 'unconverted',
};

export const GAUGES: Record<Window, MetricKey> = {
  today: 'costToday',
  yesterday: 'costYesterday',
  month_to_date: 'costMonthToDate',
  last_month: 'costLastMonth',
};
