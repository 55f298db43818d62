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
const BURNT = { h6: burntName('6h'), d1: burntName('1d'), d3: burntName('3d') };

const LEFT = `(${LIMIT} - ${SPENT})`;
const REMAINING = `(${END} - time())`;
const TOO_MUCH = `(1 + ${budgetMargin}) * ${LIMIT}`;
const FORECAST_OVER = `${FORECAST} > ${TOO_MUCH}`;
/** Without a week before it nobody knows whether it comes every week. */
const HAS_PAST = `present_over_time(${SPENT}[1d] offset 10d)`;
const IS_WITHIN = `${SPENT} <= ${LIMIT}`;

export const budgets: Group = {
  name: 'ai-billing-budgets',
  about: 'Budgets: overrun, about to be, or burning too fast.',
  interval: '1m',
  rules: [
    ...[limit(), held(METRICS.budgetSpent.name), held(METRICS.budgetForecast.name)],
    ...[held(METRICS.budgetStart.name), held(METRICS.budgetEnd.name)],
    ...[burnt('6h', 6), burnt('1d', 24), burnt('3d', 72)],
    {
      alert: 'AiBillingBudgetExceeded',
      expr: `${SPENT} > ${LIMIT}`,
      for: '5m',
      keepFiringFor: '15m',
      severity: 'critical',
      summary: 'The budget {{ $labels.budget }} is overrun: {{ $value | printf "$%.2f" }} spent.',
      description: `Spent {{ $value | printf "$%.2f" }} of ${ofBudget(LIMIT)} in the period that ends ${ends()}; the forecast for its end is ${ofBudget(FORECAST)}. ${AS_BILLED}`,
    },
    {
      alert: 'AiBillingBudgetForecastOver',
      // A day of a week or month, a quarter of a day: before that a forecast is about what came before the period.
      expr: `${FORECAST_OVER} and ${IS_WITHIN} and time() - ${START} > clamp_max((${END} - ${START}) / 4, 86400)`,
      for: '2h',
      keepFiringFor: '2h',
      severity: 'warning',
      summary:
        'The budget {{ $labels.budget }} is expected to be overrun: {{ $value | printf "$%.2f" }} by its end.',
      description: `The forecast is {{ $value | printf "$%.2f" }} of ${ofBudget(LIMIT)} at the end of the period, ${ends()}; ${ofBudget(SPENT)} is spent. ${AS_BILLED}`,
    },
    {
      alert: 'AiBillingBudgetBurnFast',
      expr: [
        `${BURNT.h6} > ${LEFT} * 6 / ${budgetBurnFastHours}`,
        ...burning('d1', 1),
        IS_WITHIN,
        asLastWeek('d1'),
      ].join(' and '),
      for: '15m',
      keepFiringFor: '1h',
      severity: 'critical',
      summary:
        'The budget {{ $labels.budget }} is nearly gone at this rate: {{ $value | printf "$%.2f" }} in 6 hours.',
      description: `{{ $value | printf "$%.2f" }} was billed in the last 6 hours and ${ofBudget(BURNT.d1)} in the last day; of ${ofBudget(LIMIT)} only ${ofBudget(LEFT)} is left until ${ends()}, which at this rate is less than ${budgetBurnFastHours} hours' worth. ${AS_BILLED}`,
    },
    {
      alert: 'AiBillingBudgetBurnSlow',
      expr: `${[...burning('d3', 3), ...burning('d1', 1).slice(0, 1), IS_WITHIN, asLastWeek('d3'), HAS_PAST].join(' and ')} unless ${FORECAST_OVER}`,
      for: '3h',
      keepFiringFor: '3h',
      severity: 'warning',
      summary:
        'The budget {{ $labels.budget }} will not last at this pace: {{ $value | printf "$%.2f" }} in 3 days.',
      description: `{{ $value | printf "$%.2f" }} was billed in the last 3 days and ${ofBudget(BURNT.d1)} in the last of them; of ${ofBudget(LIMIT)} only ${ofBudget(LEFT)} is left until ${ends()}. The forecast, which takes a new level for a spike at first, is ${ofBudget(FORECAST)}. ${AS_BILLED}`,
    },
  ],
};

/** More than `budgetBurnFactor` times what would last to the end, and then overrun by more than the margin. */
function burning(window: keyof typeof BURNT, days: number): [string, string] {
  return [
    `${BURNT[window]} > ${budgetBurnFactor} * ${LEFT} * ${days * 86_400} / ${REMAINING}`,
    `${SPENT} + ${BURNT[window]} * ${REMAINING} / ${days * 86_400} > ${TOO_MUCH}`,
  ];
}

/** What comes every week, a batch say, is no news. */
function asLastWeek(window: keyof typeof BURNT): string {
  return `(${BURNT[window]} unless ${BURNT[window]} <= ${budgetBurnFactor} * (${BURNT[window]} offset 1w))`;
}

function lastName(metric: string): string {
  return `budget:${metric}:last1d`;
}

function burntName(window: string): string {
  return `budget:${METRICS.budgetSpent.name}:net${window}`;
}

/**
 * As it was last seen in the current period, up to a day ago: while an account cannot be read its budgets are unknown, and an alert
 * that resolves for that and comes again is two pages too many. What was seen in the period before does not count in this one.
 */
function held(metric: string): Recording {
  const value = `max by (budget) (${metric})`;
  return {
    record: lastName(metric),
    expr: `${value} or (${before(value)})`,
  };
}

/** To five minutes, and only what was seen in this period. */
function before(value: string): string {
  const end = `max by (budget) (${METRICS.budgetEnd.name})`;
  return `last_over_time(${value}[1d:5m]) and last_over_time((${end} and ${value})[1d:5m]) > time()`;
}

/** It is held only while no exporter is there: otherwise the budget was taken out of the configuration. */
function limit(): Recording {
  const value = `max by (budget) (${METRICS.budgetLimit.name})`;
  const expr = `${value} or (${before(value)}) unless on () group(${METRICS.buildInfo.name})`;
  return { record: lastName(METRICS.budgetLimit.name), expr };
}

/** Only within one period, and five minutes: until then what was spent may still be that of the last one. */
function burnt(window: string, hours: number): Recording {
  const isWithin = `time() - ${START} >= ${hours * 3600 + 300}`;
  return { record: burntName(window), expr: `${SPENT} - ${SPENT} offset ${window} and ${isWithin}` };
}

function ofBudget(expr: string): string {
  const own = expr.replaceAll(/budget:\w+:\w+/g, (name) => `${name}{budget=%q}`);
  return dollarsOf(own, Array<string>(own.split('%q').length - 1).fill('budget'));
}

function ends(): string {
  return firstOf(`${END}{budget=%q}`, ['budget'], 'humanizeTimestamp');
}
