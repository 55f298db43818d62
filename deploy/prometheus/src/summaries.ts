import { METRICS } from '../../../src/core/metrics/catalog.ts';
import { BUDGET } from './budget-records.ts';
import type { Alert } from './rule.ts';
import { DOLLARS, listOf, titleOf, VALUE_USD } from './text.ts';
import { THRESHOLDS } from './thresholds.ts';
import { TOTALS } from './total-records.ts';

const { monthSummaryDay, summaryHour } = THRESHOLDS;
const COMPLETE = METRICS.costWindowComplete.name;

const PERCENT = '. | first | value | printf "%+.0f %%"';

/** Unknown unless that whole week was recorded. */
const WEEK_BEFORE = `(${TOTALS.week} offset 1w and on () group(${METRICS.cost.name} offset 2w))`;

/** Last month, by any of its labels; of several exporters the highest. */
const MONTH = `max by (provider, account, resource, model, tier, currency) (${METRICS.costLastMonth.name})`;
/** The month before, read while it was the last month. */
const MONTH_BEFORE = MONTH.replace(METRICS.costLastMonth.name, `${METRICS.costLastMonth.name} offset 29d`);

const weekly: Alert = {
  alert: 'AiBillingWeeklySummary',
  expr: `sum(${TOTALS.week}) and on () (day_of_week() == 1 and hour() >= ${summaryHour})`,
  severity: 'info',
  report: 'weekly',
  summary: `AI spend of the last 7 days: ${VALUE_USD}${change(TOTALS.week, WEEK_BEFORE, 'the week before')}.`,
  description: [
    byProvider(TOTALS.week, WEEK_BEFORE),
    mostExpensive(TOTALS.week),
    listOf(
      `sort_desc(${BUDGET.used} * 100)`,
      '{{ .Labels.budget }} {{ .Value | printf "%.0f %%" }}',
      'Budgets used: ',
    ),
    readCompletely('yesterday'),
  ].join(''),
};

const monthly: Alert = {
  alert: 'AiBillingMonthlySummary',
  expr: `sum(${MONTH}) and on () (day_of_month() == ${monthSummaryDay} and hour() >= ${summaryHour})`,
  severity: 'info',
  report: 'monthly',
  summary: `AI spend in {{ (query "vector(time() - 5 * 86400)" | first | value | toTime).Format "January 2006" }}: ${VALUE_USD}${change(MONTH, MONTH_BEFORE, 'the month before')}.`,
  description: [byProvider(MONTH, MONTH_BEFORE), mostExpensive(MONTH), readCompletely('last_month')].join(''),
};

export const summaries: readonly Alert[] = [weekly, monthly];

/** The most expensive items, by the name of their resource where it has one. */
function mostExpensive(cost: string): string {
  const top = `topk(5, sum by (provider, account, resource, model) (${cost}))`;
  const by = 'provider, account, resource';
  const names = `topk by (${by}) (1, group by (${by}, name) (${METRICS.resourceInfo.name}))`;
  const named = `${top} * on (${by}) group_left (name) ${names} or on (${by}, model) ${top}`;
  const each = `{{ or .Labels.name .Labels.resource .Labels.model "unnamed" }} {{ .Value | ${DOLLARS} }}`;
  return listOf(`sort_desc(${named})`, each, 'Most expensive: ');
}

/** The providers, each with its change. */
function byProvider(now: string, before: string): string {
  const of = (cost: string) => `sum by (provider) (${cost})`;
  const change = `100 * (${of(now)} / (${of(before)} > 0) - 1) and on (provider) label_replace(vector(0), "provider", "%s", "", "")`;
  const percent = `{{ with printf \`${change}\` .Labels.provider | query }} ({{ ${PERCENT} }}){{ end }}`;
  const each = `${titleOf('.Labels.provider')} {{ .Value | ${DOLLARS} }}${percent}`;
  return listOf(`sort_desc(${of(now)})`, each, 'By provider: ');
}

/** `, +12 % on the week before`; empty if that is not known. */
function change(now: string, before: string, name: string): string {
  const percent = `100 * (sum(${now}) / (sum(${before}) > 0) - 1)`;
  return `{{ with query \`${percent}\` }}, {{ ${PERCENT} }} on ${name}{{ end }}`;
}

/** How many accounts the sums are made of. */
function readCompletely(window: string): string {
  const each = `max by (provider, account) (${COMPLETE}{window="${window}"})`;
  return `{{ with query \`sum(${each})\` }}{{ . | first | value }}{{ end }} of {{ with query \`count(${each})\` }}{{ . | first | value }}{{ end }} accounts were read completely.`;
}
