/** How far the billing data of each provider lags. */
export const FRESHNESS = {
  baseten: 'Read every 15 minutes; Baseten updates about once an hour and may revise a day for 31 days.',
  venice: 'Read every minute; charges may arrive or be refunded for 48 hours.',
  inference_sh: 'Read at intervals from a minute to a day; figures may change for 48 hours.',
  northflank: 'Each hour is read 15 minutes after it ends, and again 1, 6 and 24 hours later.',
} as const;

/** How far the data of all providers lags. */
export const LEDGER = 'Venice.ai and inference.sh lag by minutes, Baseten and Northflank by an hour or more.';

/** How exact figures from counters are. */
export const COUNTED =
  'From counters, by the time the charge was read, net of corrections. Prometheus extrapolates: allow a few percent.';

/** How old the exporter's metrics about itself are. */
export const LIVE = 'As of the last scrape.';
