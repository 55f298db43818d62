import { hasLabelSet } from '../core/ledger/overflow.ts';
import type { StatementOutcome } from '../core/ledger/settings.ts';
import type { SeriesKey } from '../core/statement/series.ts';
import type { Drift, Note } from '../core/statement/statement.ts';
import { type Rates, rateAt } from '../core/values/exchange-rates.ts';
import { multiply } from '../core/values/money.ts';
import type { Instant } from '../core/values/time.ts';
import { EMPTY_CONTEXT, type Feed, type FeedContext } from '../providers/api/provider.ts';
import type { Destination } from './apply-statement.ts';
import type { HttpClient } from './http/client.ts';

/** A feed of an account, with everything a poll of it needs. */
export interface PollTarget extends Destination {
  readonly feed: Feed<unknown, unknown>;
  /** The account's keys that only its provider has. */
  readonly config: unknown;
  readonly client: HttpClient;
  /** As they are now. */
  readonly rates: () => Rates;
  /** Turns the moment of a first request into an as-of that no other statement of the account has. */
  readonly asOf: (at: Instant) => Instant;
}

export interface PollWatcher {
  applied(applied: StatementOutcome): void;
  drift(drift: Drift): void;
  /** A warning that the last poll did not give. */
  warned(note: Note): void;
  /** No rate is configured for the currency of an amount. */
  unconverted(currency: string): void;
  /** After each range of a poll. */
  progress(progress: { readonly done: number; readonly total: number }): void;
}

/** What the feed may know during a poll. */
export function feedContext(
  { key, feed, config, ledger, ...target }: PollTarget,
  watcher: Pick<PollWatcher, 'unconverted'>,
  signal: AbortSignal,
): FeedContext<unknown> {
  const rates = target.rates();
  const now = target.now();
  const hasSeries = (series: SeriesKey) => {
    const stream = feed.stream && ledger.book.streamOf(key.account, feed.stream.name);
    return stream !== undefined && hasLabelSet(ledger.book, stream.id, series);
  };
  return {
    now,
    hasSeries,
    stateOf: (name) => ledger.book.feed(key.account, name)?.state,
    netCost: (range, which) => ledger.netCost(key.account, range, which),
    usdOf(amount, currency, at = now) {
      const rate = rateAt(rates, currency, at);
      if (rate !== undefined) return multiply(amount, rate);
      watcher.unconverted(currency);
      return undefined;
    },
    config,
    since: ledger.since(key.account, feed.stream?.name, now),
    coverage: feed.stream
      ? ledger.coverage(key.account, feed.stream.name, feed.stream.granularity)
      : EMPTY_CONTEXT.coverage,
    state: ledger.book.feed(key.account, key.feed)?.state,
    signal,
  };
}
