import { figureSentence, YESTERDAY } from './figure.ts';
import { prices } from './prices.ts';
import type { Alert, Group } from './rule.ts';
import { ACCOUNT, DOLLARS, VALUE_USD } from './text.ts';
import { THRESHOLDS } from './thresholds.ts';

/** Every kind is exported from 0, but drift found before the first scrape has no earlier sample to rise from. */
const contractDrift: Alert = {
  alert: 'AiBillingContractDrift',
  expr: `max by (provider, account, feed, kind) (
  increase(ai_billing_contract_drift_total[${THRESHOLDS.driftWithin}]) > 0
  or
  (ai_billing_contract_drift_total > 0)
  unless ai_billing_contract_drift_total offset ${THRESHOLDS.driftWithin}
)`,
  for: THRESHOLDS.driftFor,
  keepFiringFor: THRESHOLDS.driftKeptFor,
  severity: 'info',
  summary: `${ACCOUNT}: the feed {{ $labels.feed }} returned something undocumented: {{ $labels.kind }}.`,
  description:
    'The rest of the response was read and counted. If the unknown part is a cost category, its dollars are missing until the exporter supports it. The log says what it is.',
};

/** The ledger persists this counter, so it can be compared with its own past; the first sample may already count some. */
const seriesFolded: Alert = {
  alert: 'AiBillingSeriesFolded',
  expr: `max by (provider, account) (ai_billing_series_folded_total)
- (
  max by (provider, account) (max_over_time(ai_billing_series_folded_total[3d] offset 1d))
  or
  0 * max by (provider, account) (ai_billing_series_folded_total)
) > 0`,
  for: '15m',
  severity: 'warning',
  summary: `${ACCOUNT}: the account exceeds metrics.maxSeries.`,
  description:
    '{{ $value }} label sets of the last day share the series resource="__overflow__". Dollar totals stay exact, but costs in that series cannot be separated, and budgets that match more than the account miss them.',
};

/** The limit is not a metric, so the alert goes by unusual growth. */
const seriesGrowing: Alert = {
  alert: 'AiBillingSeriesGrowing',
  expr: `max by (provider, account) (ai_billing_series)
  > ${THRESHOLDS.seriesGrowth} * max by (provider, account) (max_over_time(ai_billing_series[1d] offset 1d)) + ${THRESHOLDS.seriesGrowthFloor}
and on (provider, account)
max by (provider, account) (ai_billing_series offset 2d)`,
  for: '1h',
  keepFiringFor: THRESHOLDS.dayKeptFor,
  severity: 'info',
  summary: `${ACCOUNT}: the account has {{ $value }} series, more than twice as many as a day ago.`,
  description:
    'Something creates a label set per run or user. Beyond metrics.maxSeries (10000 by default) new label sets share one series; dollar totals stay exact.',
};

const reconciliationDrift: Alert = {
  alert: 'AiBillingReconciliationDrift',
  expr: `max by (provider, account, feed) (abs(ai_billing_reconciliation_difference_usd)) > ${THRESHOLDS.reconciliationUsd}`,
  for: THRESHOLDS.reconciliationFor,
  keepFiringFor: '1h',
  severity: 'warning',
  summary: `${ACCOUNT}: the provider's total and its line items differ by ${VALUE_USD}.`,
  description: `The feed {{ $labels.feed }} has seen this for more than ${THRESHOLDS.reconciliationFor}. Either the provider bills a category that the exporter does not count, or line items are missing; costs and budgets may be off by this amount. /api/v1/status names the total.`,
};

/** Both counters start together at 0, so neither the first amount nor a refund is missed. */
const unconvertedCurrency: Alert = {
  alert: 'AiBillingUnconvertedCurrency',
  expr: `max by (provider, account, currency) (
  increase(ai_billing_unconverted_amount_total[1d])
  - increase(ai_billing_unconverted_corrections_amount_total[1d])
) > ${THRESHOLDS.unconvertedAmount}`,
  for: '1h',
  severity: 'warning',
  summary: `${ACCOUNT}: charges in {{ $labels.currency }} have no configured exchange rate.`,
  description: `{{ $value | printf "%.2f" }} {{ $labels.currency }} of the last day are missing from all dollar figures and budgets. Costs are too low until the rate is added to currencies.${YESTERDAY}`,
};

const ofADay = (counter: string) => `max by (provider, account) (
  sum by (provider, account, job, instance) (increase(${counter}[1d]))
)`;
const TAKEN_BACK = ofADay('ai_billing_cost_corrections_usd_total');
const CHARGED = ofADay('ai_billing_cost_usd_total');

const corrections: Alert = {
  alert: 'AiBillingCorrections',
  expr: `${TAKEN_BACK} > ${THRESHOLDS.correctionsUsd}
and on (provider, account)
${TAKEN_BACK} > ${THRESHOLDS.correctionsShare} * ${CHARGED}`,
  for: '1h',
  keepFiringFor: THRESHOLDS.dayKeptFor,
  severity: 'info',
  summary: `${ACCOUNT}: the provider took back ${VALUE_USD} within a day.`,
  description: `${chargedInTheSameDay()} Refunds and restatements lower figures shown earlier, including those of closed days. If about as much was charged, the bill was only rearranged. Recent days are not final.`,
};

function chargedInTheSameDay(): string {
  const charged = figureSentence({
    of: 'max(sum by (job, instance) (increase(ai_billing_cost_usd_total{}[1d])))',
    by: ['provider', 'account'],
    as: DOLLARS,
    says: 'In the same 24 hours, # was charged,',
  });
  const net = figureSentence({
    of: 'max(sum by (job, instance) (increase(ai_billing_cost_usd_total{}[1d]) - increase(ai_billing_cost_corrections_usd_total{}[1d])))',
    by: ['provider', 'account'],
    as: DOLLARS,
    says: 'for a net of #.',
  });
  return `${charged}${net}`.replace('}} In', '}}In');
}

export const quality: Group = {
  name: 'ai-billing-quality',
  about: 'Whether figures are complete: currencies, corrections, reconciliation, drift and prices.',
  rules: [
    contractDrift,
    seriesFolded,
    seriesGrowing,
    reconciliationDrift,
    unconvertedCurrency,
    corrections,
    ...prices,
  ],
};
