import { DOLLARS, lookedUp, YESTERDAY } from './looked-up.ts';
import { prices } from './prices.ts';
import type { Alert, Group } from './rule.ts';
import { THRESHOLDS } from './thresholds.ts';

const ACCOUNT = '{{ $labels.provider }}/{{ $labels.account }}';

/** Every kind is shown from 0; one that is met before the first scrape has no sample that it could have risen from. */
const contractDrift: Alert = {
  alert: 'AiBillingContractDrift',
  expr: `max by (provider, account, feed, kind) (
  increase(ai_billing_contract_drift_total[${THRESHOLDS.driftWithin}]) > 0
  or
  (ai_billing_contract_drift_total > 0)
  unless ai_billing_contract_drift_total offset ${THRESHOLDS.driftWithin}
)`,
  for: THRESHOLDS.driftFor,
  keepFiringFor: '1h',
  severity: 'info',
  summary: `${ACCOUNT} answers the feed {{ $labels.feed }} with something new: {{ $labels.kind }}.`,
  description:
    'The rest of the answer was read and counted. If the unknown part is a category of costs, its dollars are missing until the exporter knows it; the log and the runbook say what it is.',
};

/** The ledger keeps this counter, so that it may be compared with itself; the first folds may stand in its first sample. */
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
  summary: `${ACCOUNT} has more label sets than metrics.maxSeries allows.`,
  description:
    '{{ $value }} label sets of the last day share the series with resource="__overflow__". Sums in dollars stay exact; what costs them can no longer be told apart, and budgets that match more than the account miss them.',
};

/** The limit is no metric; what can be told is an account that grows as none does by itself. */
const seriesGrowing: Alert = {
  alert: 'AiBillingSeriesGrowing',
  expr: `max by (provider, account) (ai_billing_series)
  > ${THRESHOLDS.seriesGrowth} * max by (provider, account) (max_over_time(ai_billing_series[1d] offset 1d)) + ${THRESHOLDS.seriesGrowthFloor}
and on (provider, account)
max by (provider, account) (ai_billing_series offset 2d)`,
  for: '1h',
  severity: 'info',
  summary: `${ACCOUNT} has {{ $value }} series, more than twice as many as a day ago.`,
  description:
    'Something makes a label set of its own for each run or user. Past metrics.maxSeries (10000 by default) new ones are folded into one; dollars stay exact.',
};

const reconciliationDrift: Alert = {
  alert: 'AiBillingReconciliationDrift',
  expr: `max by (provider, account, feed) (abs(ai_billing_reconciliation_difference_usd)) > ${THRESHOLDS.reconciliationUsd}`,
  for: THRESHOLDS.reconciliationFor,
  keepFiringFor: '1h',
  severity: 'warning',
  summary: `${ACCOUNT}: the provider's total and its rows differ by \${{ $value | printf "%.2f" }}.`,
  description: `The feed {{ $labels.feed }} has found them apart for more than ${THRESHOLDS.reconciliationFor}. Either the provider bills a category that the exporter does not count, or rows are missing; costs and budgets may be wrong by that much. /api/v1/status says which total it is.`,
};

/** Both counters begin together at 0, so that neither the first amount nor one that is taken back is missed. */
const unconvertedCurrency: Alert = {
  alert: 'AiBillingUnconvertedCurrency',
  expr: `max by (provider, account, currency) (
  increase(ai_billing_unconverted_amount_total[1d])
  - increase(ai_billing_unconverted_corrections_amount_total[1d])
) > ${THRESHOLDS.unconvertedAmount}`,
  for: '1h',
  severity: 'warning',
  summary: `${ACCOUNT} is billed in {{ $labels.currency }}, for which no rate is configured.`,
  description: `{{ $value | printf "%.2f" }} {{ $labels.currency }} of the last day are in no dollar figure and no budget: costs are too low until currencies has a rate.${YESTERDAY}`,
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
  keepFiringFor: '1h',
  severity: 'info',
  summary: `${ACCOUNT} took back \${{ $value | printf "%.2f" }} of its bill within a day.`,
  description: `${chargedInTheSameDay()} Refunds and restatements lower what was shown before, also of days long closed; where as much was charged, the bill was only rearranged. Figures of the last days are not final.`,
};

function chargedInTheSameDay(): string {
  const charged = lookedUp({
    of: 'max(sum by (job, instance) (increase(ai_billing_cost_usd_total{}[1d])))',
    by: ['provider', 'account'],
    as: DOLLARS,
    says: 'In the same 24 hours # was charged,',
  });
  const net = lookedUp({
    of: 'max(sum by (job, instance) (increase(ai_billing_cost_usd_total{}[1d]) - increase(ai_billing_cost_corrections_usd_total{}[1d])))',
    by: ['provider', 'account'],
    as: DOLLARS,
    says: 'so that the net is #.',
  });
  return `${charged}${net}`.replace('}} In', '}}In');
}

export const quality: Group = {
  name: 'ai-billing-quality',
  about:
    'Whether the dollars are all of the dollars: currencies, corrections, reconciliation, drift and prices.',
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
