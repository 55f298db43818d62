import { METRICS } from '../../../src/core/metrics/catalog.ts';
import type { Recording } from './rule.ts';

/** What the alerts of budgets compare, by budget. */
export const BUDGET = {
  limit: lastName(METRICS.budgetLimit.name),
  spent: lastName(METRICS.budgetSpent.name),
  forecast: lastName(METRICS.budgetForecast.name),
  start: lastName(METRICS.budgetStart.name),
  end: lastName(METRICS.budgetEnd.name),
  /** Spend as a fraction of the limit. */
  used: 'budget:ai_billing_budget_used_ratio:last1d',
  net: { h6: netSpentName('6h'), d1: netSpentName('1d'), d3: netSpentName('3d') },
  /** 1, with the labels period and severity. */
  info: lastName(METRICS.budgetInfo.name),
  /** The fractions to alert at, with the label threshold. */
  thresholds: lastName(METRICS.budgetThreshold.name, 'budget_threshold'),
} as const;

export const budgetRecords: readonly Recording[] = [
  ...[limit(), lastKnown(METRICS.budgetSpent.name), lastKnown(METRICS.budgetForecast.name)],
  ...[lastKnown(METRICS.budgetStart.name), lastKnown(METRICS.budgetEnd.name)],
  { record: BUDGET.used, expr: `${BUDGET.spent} / ${BUDGET.limit}` },
  ...[netSpent('6h', 6), netSpent('1d', 24), netSpent('3d', 72)],
  // Several exporters may be configured differently: any one of them.
  configured(
    BUDGET.info,
    `topk by (budget) (1, group by (budget, period, severity) (${METRICS.budgetInfo.name}))`,
  ),
  configured(BUDGET.thresholds, `max by (budget, threshold) (${METRICS.budgetThreshold.name})`),
];

function lastName(metric: string, level = 'budget'): string {
  return `${level}:${metric}:last1d`;
}

function netSpentName(window: string): string {
  return `budget:${METRICS.budgetSpent.name}:net${window}`;
}

/**
 * The value as last seen in the current period, up to a day ago. While an account cannot be read its budgets are unknown; without this
 * an alert would resolve and fire again for no reason. Values of the previous period are ignored.
 */
function lastKnown(metric: string): Recording {
  const value = `max by (budget) (${metric})`;
  return {
    record: lastName(metric),
    expr: `${value} or (${fromLastDay(value)})`,
  };
}

/** At a resolution of five minutes, from the current period only. */
function fromLastDay(value: string): string {
  const end = `max by (budget) (${METRICS.budgetEnd.name})`;
  return `last_over_time(${value}[1d:5m]) and last_over_time((${end} and ${value})[1d:5m]) > time()`;
}

/** Kept only while no exporter is up: otherwise the budget was removed from the configuration. */
function limit(): Recording {
  const value = `max by (budget) (${METRICS.budgetLimit.name})`;
  const expr = `${value} or (${fromLastDay(value)}) unless on () group(${METRICS.buildInfo.name})`;
  return { record: lastName(METRICS.budgetLimit.name), expr };
}

/** Only within one period, and not in its first five minutes, when the spend may still be that of the previous one. */
function netSpent(window: string, hours: number): Recording {
  const isWithin = `time() - ${BUDGET.start} >= ${hours * 3600 + 300}`;
  return {
    record: netSpentName(window),
    expr: `${BUDGET.spent} - ${BUDGET.spent} offset ${window} and ${isWithin}`,
  };
}

/** As configured last, while no exporter is up. */
function configured(record: string, value: string): Recording {
  const expr = `${value} or last_over_time((${value})[1d:5m]) unless on () group(${METRICS.buildInfo.name})`;
  return { record, expr };
}
