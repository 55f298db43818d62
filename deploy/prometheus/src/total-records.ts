import { METRICS } from '../../../src/core/metrics/catalog.ts';
import type { Recording } from './rule.ts';
import { netOver, recordOf } from './windows.ts';

const ITEM = ['provider', 'account', 'resource', 'model'] as const;

/** Names of the records about the spend of all accounts together. */
export const TOTALS = {
  /** Billed in the last 7 days, by item. */
  week: recordOf('cost', ITEM, 'net7d'),
  /** The last month by account, if it was read completely. */
  lastMonth: `provider_account:${METRICS.costLastMonth.name}:complete`,
  /** The current month, if its remaining days cost what those of the last week did. */
  monthForecast: 'provider_account:ai_billing_cost_month_usd:forecast7d',
} as const;

const DAY_SECONDS = 86_400;
const SECONDS_LEFT = `(${DAY_SECONDS} * (days_in_month() - day_of_month() + 1) - time() % ${DAY_SECONDS})`;
const DAILY = `clamp_min(sum by (provider, account) (${TOTALS.week}), 0) / 7`;

export const totalRecords: readonly Recording[] = [
  { record: TOTALS.week, expr: `sum by (${ITEM.join(', ')}) (${netOver('cost', '7d')})` },
  { record: TOTALS.lastMonth, expr: completely(METRICS.costLastMonth.name, 'last_month') },
  {
    record: TOTALS.monthForecast,
    expr: `(${completely(METRICS.costMonthToDate.name, 'month_to_date')})
+ on (provider, account) ${DAILY} * scalar(${SECONDS_LEFT}) / ${DAY_SECONDS}`,
  },
];

/** A window gauge by account, without accounts that have not been read completely, which cannot be compared. */
function completely(gauge: string, window: string): string {
  const each = `max by (provider, account, resource, model, tier, currency) (${gauge})`;
  const isComplete = `max by (provider, account) (${METRICS.costWindowComplete.name}{window="${window}"}) == 1`;
  return `sum by (provider, account) (${each}) and ${isComplete}`;
}
