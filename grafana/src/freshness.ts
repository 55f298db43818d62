/** How fresh what a provider bills can be. */
export const FRESHNESS = {
  baseten:
    'Read every 15 minutes; Baseten moves its figures about once an hour and may revise a day for 31 days.',
  venice: 'Read every minute; rows may come or be taken back for 48 hours.',
  inference_sh: 'Read every minute to hour; figures may move for 48 hours.',
  northflank: 'An hour is read 15 minutes after its end, and again 1, 6 and 24 hours later.',
} as const;

/** How fresh what all providers bill can be. */
export const LEDGER =
  'Venice.ai and inference.sh are minutes behind, Baseten and Northflank an hour or more.';

/** How exact what counters give is. */
export const COUNTED =
  'From counters, by when the charge was read and net of corrections; Prometheus extrapolates, so a few percent may be off.';

/** How fresh what the exporter tells of itself is. */
export const LIVE = 'As of the last scrape.';
