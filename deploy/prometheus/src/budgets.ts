import { BUDGET, budgetRecords } from './budget-records.ts';
import type { Group } from './rule.ts';
import { AS_BILLED, dollarsOf, firstOf, timeOf, VALUE_USD } from './text.ts';
import { THRESHOLDS } from './thresholds.ts';

const { budgetMargin, budgetBurnFastHours, budgetBurnFactor, budgetReachedFor } = THRESHOLDS;

const { limit: LIMIT, spent: SPENT, forecast: FORECAST, start: START, end: END, net: NET_SPENT } = BUDGET;

const LEFT = `(${LIMIT} - ${SPENT})`;
const REMAINING = `(${END} - time())`;
const TOO_MUCH = `(1 + ${budgetMargin}) * ${LIMIT}`;
const FORECAST_OVER = `${FORECAST} > ${TOO_MUCH}`;
/** Without an earlier week to compare with, a weekly batch looks like a burst. */
const HAS_PAST = `present_over_time(${SPENT}[1d] offset 10d)`;
const IS_WITHIN = `${SPENT} <= ${LIMIT}`;

const NAME = 'Budget "{{ $labels.budget }}"';
const PERIOD = '{{ if eq $labels.period "day" }}today{{ else }}this {{ $labels.period }}{{ end }}';
const SPENT_OF_LIMIT = `${VALUE_USD} of ${ofBudget(LIMIT)}`;
const ENDS = timeOf(`${END}{budget=%q}`, ['budget']);

/** Rounded down, so that a part of the limit never looks like all of it. */
const PERCENT_REACHED = firstOf(`floor(100 * ${BUDGET.used}{budget=%q})`, ['budget'], 'printf "%.0f %%"');
/** Rounded, unless it would look like the limit itself. */
const PERCENT_EXCEEDED = firstOf(
  `100 * ${BUDGET.used}{budget=%q}`,
  ['budget'],
  'printf "%.0f %%" | reReplaceAll "^100 " "just over 100 "',
);

/** A warning is the most that spend to come deserves. */
const AT_MOST_WARNING = `label_replace(${BUDGET.info}, "severity", "warning", "severity", "critical")`;

export const budgets: Group = {
  name: 'ai-billing-budgets',
  about: 'Budgets: partly used, exceeded, forecast to be exceeded, or burning too fast.',
  interval: '1m',
  rules: [
    ...budgetRecords,
    {
      alert: 'AiBillingBudgetReached',
      expr: withInfo(reached('< 1', '<='), `group by (budget, period) (${BUDGET.info})`, 'period'),
      severity: 'info',
      summary: `${NAME} is ${PERCENT_REACHED} used: ${SPENT_OF_LIMIT} ${PERIOD}.`,
      description: `The period ends on ${ENDS}; the forecast for then is ${ofBudget(FORECAST)}. ${AS_BILLED}`,
    },
    {
      alert: 'AiBillingBudgetExceeded',
      expr: withInfo(reached('>= 1', '<')),
      severity: 'varies',
      summary: `${NAME} exceeded: ${SPENT_OF_LIMIT} (${PERCENT_EXCEEDED}) ${PERIOD}.`,
      description: `The period ends on ${ENDS}; the forecast for then is ${ofBudget(FORECAST)}. ${AS_BILLED}`,
    },
    {
      alert: 'AiBillingBudgetForecastOver',
      // After the first day of a week or month, or a quarter of a day: before that, the forecast rests on the previous period.
      expr: withInfo(
        `${FORECAST_OVER} and ${IS_WITHIN} and time() - ${START} > clamp_max((${END} - ${START}) / 4, 86400)`,
        AT_MOST_WARNING,
      ),
      for: '2h',
      keepFiringFor: '2h',
      severity: 'varies',
      summary: `${NAME} is forecast to be exceeded: ${SPENT_OF_LIMIT} ${PERIOD}.`,
      description: `${ofBudget(SPENT)} is spent so far, and the period ends on ${ENDS}. ${AS_BILLED}`,
    },
    {
      alert: 'AiBillingBudgetBurnFast',
      expr: withInfo(
        [
          `${NET_SPENT.h6} > ${LEFT} * 6 / ${budgetBurnFastHours}`,
          ...burningFaster('d1', 1),
          IS_WITHIN,
          exceptWeekly('d1'),
        ].join(' and '),
      ),
      for: '15m',
      keepFiringFor: '1h',
      severity: 'varies',
      summary: `${NAME} runs out within a day at the current rate: ${VALUE_USD} in 6 hours.`,
      description: `${VALUE_USD} was billed in the last 6 hours and ${ofBudget(NET_SPENT.d1)} in the last day. Of ${ofBudget(LIMIT)}, ${ofBudget(LEFT)} remains until ${ENDS}: less than ${budgetBurnFastHours} hours at this rate. ${AS_BILLED}`,
    },
    {
      alert: 'AiBillingBudgetBurnSlow',
      expr: withInfo(
        `${[...burningFaster('d3', 3), ...burningFaster('d1', 1).slice(0, 1), IS_WITHIN, exceptWeekly('d3'), HAS_PAST].join(' and ')} unless ${FORECAST_OVER}`,
        AT_MOST_WARNING,
      ),
      for: '3h',
      keepFiringFor: '3h',
      severity: 'varies',
      summary: `${NAME} will not last its period at the current rate: ${VALUE_USD} in 3 days.`,
      description: `${VALUE_USD} was billed in the last 3 days, ${ofBudget(NET_SPENT.d1)} of it in the last day. Of ${ofBudget(LIMIT)}, ${ofBudget(LEFT)} remains until ${ENDS}. The forecast is ${ofBudget(FORECAST)}; it treats a new level as an outlier for the first days. ${AS_BILLED}`,
    },
  ],
};

/**
 * The spend of budgets above one of their thresholds, with the highest as a label, so that reaching the next one is another alert. There
 * is no `for`, because between two thresholds the alert would resolve.
 */
function reached(thresholds: '< 1' | '>= 1', below: '<' | '<='): string {
  const steadily = `min_over_time(${BUDGET.used}[${budgetReachedFor}])`;
  const highest = `topk by (budget) (1, (${BUDGET.thresholds} ${thresholds}) ${below} on (budget) group_left () ${steadily})`;
  return `0 * ${highest} + on (budget) group_left () ${SPENT}`;
}

/** Adds labels of the budget: its period, and its severity as that of the alert. */
function withInfo(expr: string, info: string = BUDGET.info, labels = 'period, severity'): string {
  return `(${expr}) * on (budget) group_left (${labels}) ${info}`;
}

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

function ofBudget(expr: string): string {
  const own = expr.replaceAll(/budget:\w+:\w+/g, (name) => `${name}{budget=%q}`);
  return dollarsOf(own, Array<string>(own.split('%q').length - 1).fill('budget'));
}
