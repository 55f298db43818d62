/** Every alert threshold, in one place; `npm run generate` puts them into the rules. */
export const THRESHOLDS = {
  /** `info` alerts fire for more than a day, or the daily digest could miss them: drift is seen for 5 hours, */
  driftKeptFor: '20h',
  /** and a change from the day before for 23. */
  dayKeptFor: '3h',

  /** Short outages of a provider are normal; longer ones alert. */
  feedDownFor: '1h',

  /** How long spend must be above a threshold of its budget. */
  budgetReachedFor: '10m',
  /** A forecast alerts if it exceeds the limit by more than this share: forecasts are not more accurate. */
  budgetMargin: 0.05,
  /** The rest of a budget would last less than this at the rate of the last 6 hours. */
  budgetBurnFastHours: 24,
  /** A burn rate alerts from this multiple of the rate that lasts to the end of the period. */
  budgetBurnFactor: 1.5,

  /** Spend of 6 hours is a spike at this multiple of the maximum for the same hours of past weeks and of yesterday, */
  spikeRatio: 3,
  /** and this many dollars above it. */
  spikeFloorUsd: 50,
  /** New spend alerts from this many dollars */
  newSpendFloorUsd: 50,
  /** and this share of the account's spend. */
  newSpendShare: 0.05,
  /** Idle spend in three days is more than this */
  idleFloorUsd: 10,
  /** for at least this much run time, in seconds. */
  idleSeconds: 86_400,
  /** Spend on a deleted resource in three days. */
  deletedFloorUsd: 5,
  /** Token alerts need at least this much spend, or extra spend, per day. */
  tokensFloorUsd: 20,
  /** The usual share of cached tokens must be at least this; */
  cachedShareUsual: 0.2,
  /** it has collapsed if less than this part of it is left, */
  cachedShareLeft: 0.5,
  /** and matters only if tokens cost this many times as much. */
  cachedSharePriceRatio: 1.1,
  /** A million tokens cost this many times as much as on the most expensive day of the last week. */
  tokenPriceRatio: 1.5,

  /** The month alerts if it is forecast at this multiple of the last one */
  monthRatio: 1.3,
  /** and this many dollars above it, */
  monthFloorUsd: 100,
  /** from this day on: before that, a week's rate says little about the month. */
  monthFromDay: 4,
  /** A day has been read by then, even if a provider posts charges late. */
  totalUnknownFor: '12h',
  /** Summaries are sent on Mondays and on this day of the month, when the last month is final, */
  monthSummaryDay: 3,
  /** from this UTC hour on. */
  summaryHour: 8,

  /** A balance that lasts less than this opens a ticket, */
  runwayShortSeconds: 7 * 86_400,
  /** and one that lasts less than this pages. */
  runwayEndingSeconds: 2 * 86_400,
  /** `up` is absent between a restart and the first poll: the last value counts for this long. */
  restartTakes: '10m',
  /** How far to look back for the failure reason of a feed whose polls are retried within ten minutes, */
  retriedWithin: '30m',
  /** or of one that is not retried before it is due again: each account has a feed that runs at least hourly. */
  dueWithin: '2h',
  /** A key may be rejected briefly; a revoked one stays rejected. */
  credentialsRefusedFor: '30m',
  endpointSunsetFor: '30m',
  /** Request budgets span at most an hour, and the first read of history may use up a whole one. */
  requestBudgetWithin: '1h',
  requestBudgetFor: '2h',
  /** Rate-limited polls per account and hour: an occasional one is normal. */
  rateLimitedPolls: 3,
  /** Maximum age for a feed that runs at least every ten minutes and does not read whole hours, in seconds. */
  staleFastSeconds: 1800,
  /** Grace for slower feeds beyond their interval, unless the feed states its own lag, in seconds. */
  staleLagSeconds: 7200,
  dataStaleFor: '15m',
  /** A failed write is retried within ten minutes. */
  storageFailingWithin: '15m',
  storageFailingFor: '20m',
  /** How long a missing exporter alerts: over a weekend. After that it counts as removed. */
  exporterMissedFor: '3d',
  exporterDownFor: '15m',
  /** More restarts per hour than a rollout explains. */
  restarts: 4,
  configReloadFailedFor: '15m',
  /** Pushes run every minute; a receiver may be down for as long as an upgrade takes. */
  pushFailingFor: '30m',
  /** Most feeds poll at least once within this time. */
  driftWithin: '6h',
  driftFor: '1h',
  /** Growth over the maximum of the day before, as a factor and in series. */
  seriesGrowth: 2,
  seriesGrowthFloor: 1000,
  /** Tolerated difference between the provider's total and its line items: totals are rounded and read slightly later. */
  reconciliationUsd: 5,
  reconciliationFor: '6h',
  /** Smaller unconverted amounts are ignored. */
  unconvertedAmount: 0.01,
  /** What providers may take back within a day, in dollars and as a share of that day's charges. */
  correctionsUsd: 50,
  correctionsShare: 0.1,
  /** Relative price change from the day before. */
  priceChange: 0.01,
  priceChangedFor: '1h',
  /** Probes run hourly. */
  priceProbeFailingFor: '3h',
} as const;

/** Base URL of the runbooks; the page of an alert is its name with `.md`. */
export const RUNBOOKS = 'https://github.com/ai-billing-exporter/ai-billing-exporter/blob/main/docs/runbooks';
