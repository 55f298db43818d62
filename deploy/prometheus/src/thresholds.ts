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
} as const;

/** Where runbooks are read: the page of an alert is its name with `.md`. */
export const RUNBOOKS = 'https://github.com/ai-billing-exporter/ai-billing-exporter/blob/main/docs/runbooks';
