import { PROVIDERS } from '../../src/providers/index.ts';

/** Titles of the providers whose smallest bucket is a minute, or is not. */
function titles(isMinute: boolean): string {
  const found = PROVIDERS.filter(
    ({ feeds }) => isMinute === feeds.some(({ stream }) => stream?.granularity === 'minute'),
  );
  return new Intl.ListFormat('en').format(found.map(({ title }) => title));
}

/** How fresh what all providers bill can be. */
export const LEDGER = `${titles(true)} are minutes behind, ${titles(false)} an hour or more.`;

/** How exact what counters give is. */
export const COUNTED =
  'From counters, by when the charge was read and net of corrections; Prometheus extrapolates, so a few percent may be off.';

/** How fresh what the exporter tells of itself is. */
export const LIVE = 'As of the last scrape.';
