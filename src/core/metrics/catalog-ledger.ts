import {
  ACCOUNT,
  CORE,
  counter,
  exporterMetric,
  FEED,
  ledgerGauge,
  type Metric,
} from '../statement/metric.ts';

const budgetGauge = (name: string, help: string) => ledgerGauge(name, ['budget'], help, false);

const ABSENT = 'Absent until the whole window has been read.';
const DAY_LAG = `For a feed of closed hours it is 0 until the first hour of the day is due; for a feed of closed days it is absent. ${ABSENT}`;
const ZERO =
  'An account without any series of cost shows its known 0 as a series with resource="", model="", tier="" and currency="USD".';

/** What was billed, and what is derived from it. */
export const LEDGER_METRICS = {
  cost: counter(
    'ai_billing_cost_usd_total',
    [...CORE, 'currency'],
    `US dollars charged since the baseline, before account credits and tax; currency is what it was paid with. ${ZERO}`,
    'ai_billing_cost_corrections_usd_total',
    'US dollars by which later statements lowered what was charged. Net is the counter less this.',
  ),
  costToday: ledgerGauge(
    'ai_billing_cost_today_usd',
    [...CORE, 'currency'],
    `Net US dollars of the current UTC day as billed so far. ${DAY_LAG}`,
  ),
  costYesterday: ledgerGauge(
    'ai_billing_cost_yesterday_usd',
    [...CORE, 'currency'],
    'Net US dollars of the previous UTC day. Final once data-through has passed midnight and the settle time of the provider. Absent until the whole window has been read; for a feed of closed days, until that day has been read.',
  ),
  costMonthToDate: ledgerGauge(
    'ai_billing_cost_month_to_date_usd',
    [...CORE, 'currency'],
    `Net US dollars of the current UTC month as billed so far, from the account's since on; see ai_billing_cost_window_complete. ${ABSENT}`,
  ),
  costLastMonth: ledgerGauge(
    'ai_billing_cost_last_month_usd',
    [...CORE, 'currency'],
    `Net US dollars of the previous UTC month, from the account's since on; see ai_billing_cost_window_complete. ${ABSENT}`,
  ),
  costWindowComplete: ledgerGauge(
    'ai_billing_cost_window_complete',
    [...ACCOUNT, 'window'],
    "1 if the account's whole UTC window (today, yesterday, month_to_date, last_month) was read, from its start; 0 if not, and where it begins before the account's since.",
    false,
  ),
  componentCost: counter(
    'ai_billing_component_cost_usd_total',
    [...CORE, 'component'],
    'US dollars since the baseline by component (cpu, memory, storage, gpu, vcpu, gpu_memory, cluster; compute and surcharge); may not add up to the cost.',
    'ai_billing_component_cost_corrections_usd_total',
    'US dollars by which later statements lowered a component.',
  ),
  tokens: counter(
    'ai_billing_tokens_total',
    [...CORE, 'token_type'],
    'Tokens billed since the baseline. The token types are disjoint: input is without the cached ones.',
    'ai_billing_tokens_corrections_total',
    'Tokens by which later statements lowered the count.',
  ),
  requests: counter(
    'ai_billing_requests_total',
    CORE,
    'Requests billed since the baseline.',
    'ai_billing_requests_corrections_total',
    'Requests by which later statements lowered the count.',
  ),
  billedSeconds: counter(
    'ai_billing_billed_seconds_total',
    CORE,
    'Run time billed since the baseline, in seconds.',
    'ai_billing_billed_corrections_seconds_total',
    'Seconds by which later statements lowered the billed run time.',
  ),
  units: counter(
    'ai_billing_units_total',
    [...CORE, 'sku'],
    'Units billed since the baseline that are not tokens, by SKU; add up within one SKU only.',
    'ai_billing_units_corrections_total',
    'Units by which later statements lowered the count.',
  ),
  topUps: counter(
    'ai_billing_top_ups_usd_total',
    [...ACCOUNT, 'currency'],
    'US dollars of balance purchased since the baseline.',
    'ai_billing_top_ups_corrections_usd_total',
    'US dollars by which later statements lowered the purchases.',
  ),
  unconverted: counter(
    'ai_billing_unconverted_amount_total',
    [...ACCOUNT, 'currency'],
    'Amounts since the baseline, in their own currency, that no configured rate turns into US dollars.',
    'ai_billing_unconverted_corrections_amount_total',
    'Amounts by which later statements lowered what could not be converted.',
  ),
  runway: ledgerGauge(
    'ai_billing_runway_seconds',
    ACCOUNT,
    'How long the balance lasts at the net spend of the last 24 hours that were read (the last whole day where a provider bills by the day), in currencies that do not refill by themselves (not DIEM). Absent without spend.',
    false,
  ),
  budgetLimit: budgetGauge(
    'ai_billing_budget_limit_usd',
    'US dollars that the budget allows in a period. Budgets may overlap.',
  ),
  budgetSpent: budgetGauge(
    'ai_billing_budget_spent_usd',
    'Net US dollars of what the budget matches in the current UTC period as billed so far. Absent until the whole period has been read.',
  ),
  budgetForecast: budgetGauge(
    'ai_billing_budget_forecast_usd',
    'Net US dollars expected at the end of the current UTC period. Absent below 24 hours of data.',
  ),
  budgetStart: budgetGauge(
    'ai_billing_budget_period_start_timestamp_seconds',
    'When the current period of the budget began.',
  ),
  budgetEnd: budgetGauge(
    'ai_billing_budget_period_end_timestamp_seconds',
    'When the current period of the budget ends.',
  ),
  resourceInfo: ledgerGauge(
    'ai_billing_resource_info',
    [
      ...ACCOUNT,
      'resource',
      'name',
      'kind',
      'project',
      'team',
      'environment_name',
      'instance_type',
      'deleted',
    ],
    'Always 1. Current names and properties of a resource, exactly one per resource on a cost family; several values are joined by commas.',
  ),
  dataFrom: ledgerGauge(
    'ai_billing_data_from_timestamp_seconds',
    FEED,
    'Start of the unbroken range read so far.',
    false,
  ),
  dataThrough: ledgerGauge(
    'ai_billing_data_through_timestamp_seconds',
    FEED,
    'End of the unbroken range read so far, spend or none: no later than when it was read.',
    false,
  ),
  series: ledgerGauge('ai_billing_series', ACCOUNT, 'Series exposed for the account.'),
  seriesFolded: exporterMetric(
    'counter',
    'ai_billing_series_folded_total',
    ACCOUNT,
    'Label sets that were folded into the overflow series because the account had reached maxSeries.',
    'ledger',
  ),
} as const satisfies Record<string, Metric>;
