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
const DAY_LAG = `For providers that bill completed hours, it is 0 until the first hour of the day has been billed; for completed days, it is absent. ${ABSENT}`;
const ZERO =
  'An account without spend has one series at 0, with resource="", model="", tier="" and currency="USD".';

/** What was billed, and what is derived from it. */
export const LEDGER_METRICS = {
  cost: counter(
    'ai_billing_cost_usd_total',
    [...CORE, 'currency'],
    `US dollars charged since the baseline, before account credits and tax; currency is the currency it was paid in. ${ZERO}`,
    'ai_billing_cost_corrections_usd_total',
    'US dollars taken back from earlier charges. Net cost is the counter minus this.',
  ),
  costToday: ledgerGauge(
    'ai_billing_cost_today_usd',
    [...CORE, 'currency'],
    `Net US dollars of the current UTC day as billed so far. ${DAY_LAG}`,
  ),
  costYesterday: ledgerGauge(
    'ai_billing_cost_yesterday_usd',
    [...CORE, 'currency'],
    'Net US dollars of the previous UTC day. Final once data-through has passed midnight by the settle time of the provider. Absent until the whole day has been read.',
  ),
  costMonthToDate: ledgerGauge(
    'ai_billing_cost_month_to_date_usd',
    [...CORE, 'currency'],
    `Net US dollars of the current UTC month as billed so far, from the account's since; see ai_billing_cost_window_complete. ${ABSENT}`,
  ),
  costLastMonth: ledgerGauge(
    'ai_billing_cost_last_month_usd',
    [...CORE, 'currency'],
    `Net US dollars of the previous UTC month, from the account's since; see ai_billing_cost_window_complete. ${ABSENT}`,
  ),
  costWindowComplete: ledgerGauge(
    'ai_billing_cost_window_complete',
    [...ACCOUNT, 'window'],
    "1 if the whole UTC window (today, yesterday, month_to_date, last_month) of the account has been read; 0 if not, or if the window starts before the account's since.",
    false,
  ),
  componentCost: counter(
    'ai_billing_component_cost_usd_total',
    [...CORE, 'component'],
    'US dollars since the baseline by component (cpu, memory, storage, gpu, vcpu, gpu_memory, cluster; compute and surcharge); components may not add up to the cost.',
    'ai_billing_component_cost_corrections_usd_total',
    'US dollars taken back from earlier charges of the component.',
  ),
  tokens: counter(
    'ai_billing_tokens_total',
    [...CORE, 'token_type'],
    'Tokens billed since the baseline. Token types are disjoint: input excludes cached input.',
    'ai_billing_tokens_corrections_total',
    'Tokens taken back from earlier counts.',
  ),
  requests: counter(
    'ai_billing_requests_total',
    CORE,
    'Requests billed since the baseline.',
    'ai_billing_requests_corrections_total',
    'Requests taken back from earlier counts.',
  ),
  billedSeconds: counter(
    'ai_billing_billed_seconds_total',
    CORE,
    'Run time billed since the baseline, in seconds.',
    'ai_billing_billed_corrections_seconds_total',
    'Seconds taken back from earlier run time.',
  ),
  units: counter(
    'ai_billing_units_total',
    [...CORE, 'sku'],
    'Units other than tokens billed since the baseline, by SKU. Units of different SKUs cannot be summed.',
    'ai_billing_units_corrections_total',
    'Units taken back from earlier counts.',
  ),
  topUps: counter(
    'ai_billing_top_ups_usd_total',
    [...ACCOUNT, 'currency'],
    'US dollars of balance purchased since the baseline.',
    'ai_billing_top_ups_corrections_usd_total',
    'US dollars taken back from earlier purchases.',
  ),
  unconverted: counter(
    'ai_billing_unconverted_amount_total',
    [...ACCOUNT, 'currency'],
    'Amounts since the baseline in a currency without a configured exchange rate, in that currency.',
    'ai_billing_unconverted_corrections_amount_total',
    'Unconverted amounts taken back.',
  ),
  runway: ledgerGauge(
    'ai_billing_runway_seconds',
    ACCOUNT,
    'Time until the balance runs out at the net spend of the last 24 hours read (the last whole day for providers that bill by the day). Currencies that refill daily (DIEM) are excluded. Absent without spend.',
    false,
  ),
  budgetLimit: budgetGauge(
    'ai_billing_budget_limit_usd',
    'Limit of the budget per period, in US dollars. Budgets may overlap.',
  ),
  budgetSpent: budgetGauge(
    'ai_billing_budget_spent_usd',
    'Net US dollars matched by the budget in the current UTC period as billed so far. Absent until the whole period has been read.',
  ),
  budgetForecast: budgetGauge(
    'ai_billing_budget_forecast_usd',
    'Forecast of the net US dollars at the end of the current UTC period. Absent with less than 24 hours of data.',
  ),
  budgetMatches: budgetGauge(
    'ai_billing_budget_matches',
    '1 if everything in the match of the budget matches costs that were read, 0 if a pattern matches none and may be misspelt. Absent until the history of its accounts has been read.',
  ),
  budgetInfo: ledgerGauge(
    'ai_billing_budget_info',
    ['budget', 'period', 'severity'],
    'Always 1. Period of the budget (day, week or month) and the configured severity of its alerts.',
  ),
  budgetThreshold: ledgerGauge(
    'ai_billing_budget_alert_threshold_ratio',
    ['budget', 'threshold'],
    'Fraction of the limit at which the budget alerts, as configured; threshold is the same as text.',
    false,
  ),
  budgetStart: budgetGauge(
    'ai_billing_budget_period_start_timestamp_seconds',
    'Start of the current period of the budget.',
  ),
  budgetEnd: budgetGauge(
    'ai_billing_budget_period_end_timestamp_seconds',
    'End of the current period of the budget.',
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
    'Always 1. Current name and properties of a resource: one series per resource with cost. Multiple values are comma-separated.',
  ),
  dataFrom: ledgerGauge(
    'ai_billing_data_from_timestamp_seconds',
    FEED,
    'Start of the continuous range read so far.',
    false,
  ),
  dataThrough: ledgerGauge(
    'ai_billing_data_through_timestamp_seconds',
    FEED,
    'End of the continuous range read so far, with or without spend. Never later than the time of the read.',
    false,
  ),
  series: ledgerGauge('ai_billing_series', ACCOUNT, 'Series exported for the account.'),
  seriesFolded: exporterMetric(
    'counter',
    'ai_billing_series_folded_total',
    ACCOUNT,
    'Label sets added to the overflow series because the account had reached maxSeries.',
    'ledger',
  ),
} as const satisfies Record<string, Metric>;
