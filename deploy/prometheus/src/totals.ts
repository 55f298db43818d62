import { METRICS } from '../../../src/core/metrics/catalog.ts';
import type { Alert, Group } from './rule.ts';
import { summaries } from './summaries.ts';
import { DOLLARS, dollarsOf, listOf, titleOf, VALUE_USD } from './text.ts';
import { THRESHOLDS } from './thresholds.ts';
import { TOTALS, totalRecords } from './total-records.ts';

const { monthRatio, monthFloorUsd, monthFromDay, totalUnknownFor, dayKeptFor } = THRESHOLDS;
const YESTERDAY = `${METRICS.costWindowComplete.name}{window="yesterday"}`;
/** An account that is being read for the first time has no yesterday yet. */
const UNKNOWN = `max by (provider, account) (${YESTERDAY}) == 0 and max by (provider, account) (${YESTERDAY} offset 1d)`;

const totalUnknown: Alert = {
  alert: 'AiBillingTotalUnknown',
  expr: `count(${UNKNOWN}) or sum(absent(${YESTERDAY}))`,
  for: totalUnknownFor,
  keepFiringFor: '15m',
  severity: 'warning',
  summary: `{{ with query \`count(max by (provider, account) (${YESTERDAY}))\` }}The total of yesterday lacks {{ $value }} of {{ . | first | value }} accounts.{{ else }}There is no total: Prometheus scrapes no account.{{ end }}`,
  description: `${listOf(UNKNOWN, `${titleOf('.Labels.provider')}/{{ .Labels.account }}`)}Sums over all accounts are too low, or missing, although no other alert says why.`,
};

const FORECAST = `sum(${TOTALS.monthForecast} and ${TOTALS.lastMonth})`;
const BEFORE = `sum(${TOTALS.lastMonth} and ${TOTALS.monthForecast})`;

const monthOverLastMonth: Alert = {
  alert: 'AiBillingMonthOverLastMonth',
  expr: `${FORECAST} > ${monthRatio} * ${BEFORE} and ${FORECAST} - ${BEFORE} > ${monthFloorUsd} and on () day_of_month() >= ${monthFromDay}`,
  for: '6h',
  keepFiringFor: dayKeptFor,
  severity: 'info',
  summary: `This month is forecast to cost ${VALUE_USD}, well above last month's ${dollarsOf(BEFORE)}.`,
  description: `${listOf(`topk(3, ${TOTALS.monthForecast} - ${TOTALS.lastMonth} > 0)`, `${titleOf('.Labels.provider')}/{{ .Labels.account }} +{{ .Value | ${DOLLARS} }}`, 'Largest increases: ')}This assumes the rate of the last 7 days, for accounts of which both months were read completely.`,
};

export const totals: Group = {
  name: 'ai-billing-totals',
  about: 'All accounts together: unknown totals, the month against the last one, and summaries.',
  rules: [...totalRecords, totalUnknown, monthOverLastMonth, ...summaries],
};
