import { METRICS } from '../../../src/core/metrics/catalog.ts';
import type { Group, Recording } from './rule.ts';
import { AS_BILLED, dollarsOf, firstOf } from './text.ts';
import { THRESHOLDS } from './thresholds.ts';

const { budgetMargin, budgetBurnFastHours, budgetBurnFactor } = THRESHOLDS;

const LIMIT = lastName(METRICS.budgetLimit.name);
const SPENT = lastName(METRICS.budgetSpent.name);
const FORECAST = lastName(METRICS.budgetForecast.name);
const START = lastName(METRICS.budgetStart.name);
const END = lastName(METRICS.budgetEnd.name);
const NET_SPENT = { h6: netSpentName('6h'), d1: netSpentName('1d'), d3: netSpentName('3d') };

const LEFT = `(${LIMIT} - ${SPENT})`;
const REMAINING = `(${END} - time())`;
const TOO_MUCH = `(1 + ${budgetMargin}) * ${LIMIT}`;
const FORECAST_OVER = `${FORECAST} > ${TOO_MUCH}`;
/** Without an earlier week to compare with, a weekly batch looks like a burst. */
const HAS_PAST = `present_over_time(${SPENT}[1d] offset 10d)`;
const IS_WITHIN = `${SPENT} <= ${LIMIT}`;

export const budgets: Group = {
  name: 'ai-billing-budgets',
  about: 'Budgets: exceeded, forecast to be exceeded, or burning too fast.',
  interval: '1m',
  rules: [
    ...[limit(), lastKnown(METRICS.budgetSpent.name), lastKnown(METRICS.budgetForecast.name)],
    ...[lastKnown(METRICS.budgetStart.name), lastKnown(METRICS.budgetEnd.name)],
    ...[netSpent('6h', 6), netSpent('1d', 24), netSpent('3d', 72)],
    {
      alert: 'AiBillingBudgetExceeded',
      expr: `${SPENT} > ${LIMIT}`,
      for: '5m',
      keepFiringFor: '15m',
      severity: 'critical',
      summary: 'Budget "{{ $labels.budget }}" exceeded: {{ $value | printf "$%.2f" }} spent.',
      description: `Spent {{ $value | printf "$%.2f" }} of ${ofBudget(LIMIT)} in the period that ends on ${ends()}. Forecast for the end of the period: ${ofBudget(FORECAST)}. ${AS_BILLED}`,
    },
    {
      alert: 'AiBillingBudgetForecastOver',
      // After the first day of a week or month, or a quarter of a day: before that, the forecast rests on the previous period.
      expr: `${FORECAST_OVER} and ${IS_WITHIN} and time() - ${START} > clamp_max((${END} - ${START}) / 4, 86400)`,
      for: '2h',
      keepFiringFor: '2h',
      severity: 'warning',
      summary:
        'Budget "{{ $labels.budget }}" is forecast to be exceeded: {{ $value | printf "$%.2f" }} by the end of its period.',
      description: `The forecast for the end of the period on ${ends()} is {{ $value | printf "$%.2f" }} of ${ofBudget(LIMIT)}; ${ofBudget(SPENT)} is spent so far. ${AS_BILLED}`,
    },
    {
      alert: 'AiBillingBudgetBurnFast',
      expr: [
        `${NET_SPENT.h6} > ${LEFT} * 6 / ${budgetBurnFastHours}`,
        ...burningFaster('d1', 1),
        IS_WITHIN,
        exceptWeekly('d1'),
      ].join(' and '),
      for: '15m',
      keepFiringFor: '1h',
      severity: 'critical',
      summary:
        'Budget "{{ $labels.budget }}" runs out within a day at the current rate: {{ $value | printf "$%.2f" }} in 6 hours.',
      description: `{{ $value | printf "$%.2f" }} was billed in the last 6 hours and ${ofBudget(NET_SPENT.d1)} in the last day. Of ${ofBudget(LIMIT)}, ${ofBudget(LEFT)} remains until ${ends()}: less than ${budgetBurnFastHours} hours at this rate. ${AS_BILLED}`,
    },
    {
      alert: 'AiBillingBudgetBurnSlow',
      expr: `${[...burningFaster('d3', 3), ...burningFaster('d1', 1).slice(0, 1), IS_WITHIN, exceptWeekly('d3'), HAS_PAST].join(' and ')} unless ${FORECAST_OVER}`,
      for: '3h',
      keepFiringFor: '3h',
      severity: 'warning',
      summary:
        'Budget "{{ $labels.budget }}" will not last its period at the current rate: {{ $value | printf "$%.2f" }} in 3 days.',
      description: `{{ $value | printf "$%.2f" }} was billed in the last 3 days, ${ofBudget(NET_SPENT.d1)} of it in the last day. Of ${ofBudget(LIMIT)}, ${ofBudget(LEFT)} remains until ${ends()}. The forecast is ${ofBudget(FORECAST)}; it treats a new level as an outlier for the first days. ${AS_BILLED}`,
    },
  ],
};

/** Burning `budgetBurnFactor` times faster than the rest of the budget allows, which exceeds the limit by more than the margin. */
function burningFaster(window: keyof typeof NET_SPENT, days: number): [string, string] {
  return [
    `${NET_SPENT[window]} > ${budgetBurnFactor} * ${LEFT} * ${days * 86_400} / ${REMAINING}`,
    `${SPENT} + ${NET_SPENT[window]} * ${REMAINING} / ${days * 86_400} > ${TOO_MUCH}`,
  ];
}

/** Ignores weekly spend, such as a batch. */
function exceptWeekly(window: keyof typeof NET_SPENT): string {
  return `(${NET_SPENT[window]} unless ${NET_SPENT[window]} <= ${budgetBurnFactor} * (${NET_SPENT[window]} offset 1w))`;
}

function lastName(metric: string): string {
  return `budget:${metric}:last1d`;
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
  const isWithin = `time() - ${START} >= ${hours * 3600 + 300}`;
  return { record: netSpentName(window), expr: `${SPENT} - ${SPENT} offset ${window} and ${isWithin}` };
}

function ofBudget(expr: string): string {
  const own = expr.replaceAll(/budget:\w+:\w+/g, (name) => `${name}{budget=%q}`);
  return dollarsOf(own, Array<string>(own.split('%q').length - 1).fill('budget'));
}

function ends(): string {
  return firstOf(`${END}{budget=%q}`, ['budget'], 'humanizeTimestamp');
}
