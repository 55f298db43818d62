import { PROVIDERS } from '../../src/providers/index.ts';

/** Titles of the providers whose smallest bucket is a minute, or is not. */
function titles(isMinute: boolean): string {
  const found = PROVIDERS.filter(
    ({ feeds }) => isMinute === feeds.some(({ stream }) => stream?.granularity === 'minute'),
  );
  return new Intl.ListFormat('en').format(found.map(({ title }) => title));
}

/** Providers that report a day once it is over: their data is hours old by nature. */
export const COMPLETED_DAYS: readonly string[] = PROVIDERS.filter(({ feeds }) =>
  feeds.every(({ stream }) => !stream || (stream.granularity === 'day' && stream.closedBuckets)),
).map(({ id }) => id);

/** How fresh what all providers bill can be. */
export const LEDGER = `${titles(true)} are minutes behind, ${titles(false)} an hour or more.`;

/** How exact figures from counters are. */
export const COUNTED =
  'From counters, by the time the charge was read, net of corrections. Prometheus extrapolates: allow a few percent.';

/** How old the exporter's metrics about itself are. */
export const LIVE = 'As of the last scrape.';
