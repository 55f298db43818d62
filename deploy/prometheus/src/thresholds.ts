/**
 * Every number that decides whether somebody is told, in one place. Dollars are US dollars. `npm run generate` puts them into the
 * rules.
 */
export const THRESHOLDS = {
  /** Feeds fail, and providers are out, for a while; this is no while any more. */
  feedDownFor: '1h',

  /** A budget is told of when it will be overrun by more than this part of its limit: forecasts are not better than that. */
  budgetMargin: 0.05,
  /** What is left of a budget would be gone within this at the rate of the last 6 hours. */
  budgetBurnFastHours: 24,
  /** How many times faster than would last to the end of its period a budget must burn. */
  budgetBurnFactor: 1.5,

  /** Spend of 6 hours is a spike at this many times the dearest of the same hours of past weeks and of yesterday, */
  spikeRatio: 3,
  /** and this many dollars above it. */
  spikeFloorUsd: 50,
  /** What is new is told of from this many dollars on, */
  newSpendFloorUsd: 50,
  /** and this part of what the account spends. */
  newSpendShare: 0.05,
  /** Running without a request for three days costs more than this, */
  idleFloorUsd: 10,
  /** and ran this long. */
  idleSeconds: 86_400,
  /** What was deleted days ago was billed for more than this in three days. */
  deletedFloorUsd: 5,
  /** Tokens are judged where a day of them costs more than this, or is dearer by it. */
  tokensFloorUsd: 20,
  /** A share of cached tokens worth the name, */
  cachedShareUsual: 0.2,
  /** and the part of it that is left when it has collapsed; */
  cachedShareLeft: 0.5,
  /** it is of no matter unless tokens are this many times as dear. */
  cachedShareDearer: 1.1,
  /** A million tokens cost this many times what they did in the dearest day of the last week. */
  tokensDearer: 1.5,

  /** A balance that lasts no longer wants a ticket, */
  runwayShortSeconds: 7 * 86_400,
  /** and one that lasts no longer than this a page. */
  runwayEndingSeconds: 2 * 86_400,
  /** `up` is absent while an exporter restarts and polls for the first time: this long the last one counts. */
  restartTakes: '10m',
  /** Why a feed fails is what it failed for within this time: a failed poll is retried within ten minutes, */
  retriedWithin: '30m',
  /** or where a retry would not help, when it is due again: some feed of an account is hourly at the least. */
  dueWithin: '2h',
  /** Keys that a provider refuses for a moment come back; a revoked one does not. */
  credentialsRefusedFor: '30m',
  endpointSunsetFor: '30m',
  /** Request budgets are of an hour at the longest, and reading history for the first time may take a whole one. */
  requestBudgetWithin: '1h',
  requestBudgetFor: '2h',
  /** Polls of an account that were told to wait, in an hour: one now and then is how limits work. */
  rateLimitedPolls: 3,
  /** A feed that is due every ten minutes or oftener and reads no whole hours may stand still for this long, in seconds. */
  staleFastSeconds: 1800,
  /** What a slower feed may be late beyond its rhythm, where it does not say how late it is normally, in seconds. */
  staleLagSeconds: 7200,
  dataStaleFor: '15m',
  /** A write that fails is tried again within ten minutes. */
  storageFailingWithin: '15m',
  storageFailingFor: '20m',
  /** How long an exporter that is gone is missed. Over a weekend; then it counts as removed. */
  exporterMissedFor: '3d',
  exporterDownFor: '15m',
  /** Starts within an hour beyond which it is no deployment. */
  restarts: 4,
  configReloadFailedFor: '15m',
  /** Pushes come every minute; a receiver may be away for as long as its own upgrade takes. */
  pushFailingFor: '30m',
  /** Most feeds answer within this time. */
  driftWithin: '6h',
  driftFor: '1h',
  /** Times the most series of the day before, and series more than that. */
  seriesGrowth: 2,
  seriesGrowthFloor: 1000,
  /** What the provider's own total and its rows may differ by, in dollars: totals are rounded and read a moment later. */
  reconciliationUsd: 5,
  reconciliationFor: '6h',
  /** Less than a cent of a currency is no news. */
  unconvertedAmount: 0.01,
  /** What providers may take back within a day, in dollars and as a share of what they charged in it. */
  correctionsUsd: 50,
  correctionsShare: 0.1,
  /** Change of a price against the day before. */
  priceChange: 0.01,
  priceChangedFor: '1h',
  /** Probes are asked hourly. */
  priceProbeFailingFor: '3h',
} as const;

/** Where runbooks are read: the page of an alert is its name with `.md`. */
export const RUNBOOKS = 'https://github.com/ai-billing-exporter/ai-billing-exporter/blob/main/docs/runbooks';
