import { isCredible } from '../core/ledger/heal-clock.ts';
import type { AccountSettings, StreamSettings } from '../core/ledger/settings.ts';
import type { Ledger } from '../core/ledger.ts';
import type { CostsAccount } from '../core/reports/labels.ts';
import type { Rates } from '../core/values/exchange-rates.ts';
import { GRANULARITIES, type Granularity, HOUR, type Instant } from '../core/values/time.ts';
import type { PolledAccount } from '../providers/api/account.ts';
import { refillingOf } from '../providers/api/currencies.ts';
import type { Provider } from '../providers/api/provider.ts';
import type { ScheduledFeed } from './feed-runner.ts';
import { createHttpClient } from './http/client.ts';
import type { HttpOptions } from './http/context.ts';
import { RequestState } from './http/rate-limiter.ts';
import type { RunInTransaction } from './writer.ts';

/** What applies to all accounts and may change while they are polled. */
export interface AccountDefaults {
  readonly maxSeries: number;
  readonly rates: Rates;
}

export interface OpenAccountOptions extends AccountDefaults, Pick<HttpOptions, 'now' | 'wait' | 'events'> {
  readonly ledger: Ledger;
  /** Stores what polls read; at once when absent. */
  readonly write?: RunInTransaction | undefined;
  /** A longer wait for a limit fails the poll instead. */
  readonly maxWaitMs?: number | undefined;
}

export type OpenAccount = ReturnType<typeof openAccount>;

/** Registers an account with the ledger and opens its client. Nothing is sent yet. */
export function openAccount(account: PolledAccount, options: OpenAccountOptions) {
  const { ledger, now, wait, events, maxWaitMs } = options;
  const id = ledger.openAccount(settingsOf(account, options), now());
  let { key } = account;
  let { rates } = options;
  const waits = { ...(wait && { wait }), ...(maxWaitMs !== undefined && { maxWaitMs }) };
  const memory = memoryOf(ledger, id);
  const client = createHttpClient({ ...account, ...waits, events, now, memory, key: () => key() });
  ledger.repairClock(id, now());
  const asOf = createAsOf(ledger, id);
  const [enabled, disabled] = feedsOf(account);
  // What a feed read while it was enabled no longer applies.
  for (const { name } of disabled) ledger.clearFeed({ account: id, feed: name });
  const feeds = enabled.map(
    (feed): ScheduledFeed => ({
      key: { account: id, feed: feed.name },
      labels: { provider: account.provider.id, account: account.name, feed: feed.name },
      feed,
      config: account.config,
      schedule: account.schedule[feed.name] ?? feed.schedule,
      readsHistory: feed === historyFeed(account.provider, feed.stream?.name),
      client,
      ledger,
      rates: () => rates,
      now,
      asOf,
      ...(options.write && { write: options.write }),
    }),
  );
  return {
    id,
    client,
    feeds,
    /** Applies new defaults, and a credential from a new source, to requests from now on. */
    update(credential: Pick<PolledAccount, 'key'>, defaults: AccountDefaults): void {
      ledger.openAccount(settingsOf(account, defaults), now());
      ({ key } = credential);
      ({ rates } = defaults);
    },
  };
}

/** Registers accounts of which a ledger is only asked. */
export function registerAccounts(
  ledger: Ledger,
  accounts: readonly Omit<PolledAccount, 'key' | 'baseUrl' | 'timeoutMs' | 'schedule'>[],
  defaults: AccountDefaults,
  now: Instant,
): CostsAccount[] {
  return accounts.map((account) => {
    const settings = settingsOf(account, defaults);
    const streams = settings.streams.map(({ name }) => name);
    const id = ledger.openAccount(settings, now);
    return { id, provider: account.provider.id, account: account.name, streams };
  });
}

/** Gives each statement of an account an as-of of its own, later than all before. */
function createAsOf(ledger: Ledger, account: number): (at: Instant) => Instant {
  let last = ledger.lastAsOf(account);
  return (at) => {
    if (last > Number.NEGATIVE_INFINITY && !isCredible(last, at)) {
      // The clock was set since: readings under the old time must not outrank readings from now on.
      ledger.repairClock(account, at);
      last = ledger.lastAsOf(account);
    }
    last = Math.max(at, last + 1);
    return last;
  };
}

/** The feed that reads the history of a stream: the last one that every account may read. */
function historyFeed({ feeds }: Provider, name: string | undefined) {
  return feeds.findLast(({ stream, optional }) => stream?.name === name && !optional);
}

/** The feeds that are enabled for the account, and those that are not. */
function feedsOf({ provider, config }: Pick<PolledAccount, 'provider' | 'config'>) {
  const isEnabled = (feed: (typeof provider.feeds)[number]) => feed.isEnabled?.(config) ?? true;
  return [provider.feeds.filter(isEnabled), provider.feeds.filter((feed) => !isEnabled(feed))] as const;
}

/** What the ledger needs to know of an account. */
export function settingsOf(
  account: Omit<PolledAccount, 'key' | 'baseUrl' | 'timeoutMs' | 'schedule'>,
  { maxSeries, rates }: AccountDefaults,
): AccountSettings {
  const { provider, name, since } = account;
  const [feeds] = feedsOf(account);
  return {
    provider: provider.id,
    name,
    since,
    maxSeries,
    rates,
    refilling: refillingOf(provider),
    streams: streamsOf({ ...provider, feeds }, account.config),
  };
}

/** Readings normally lag by an hour's bill and the time until the next poll. */
const DEFAULT_LAG_MS = 2 * HOUR;

/** The streams of a provider, each with the combined settings of its feeds. */
export function streamsOf(provider: Provider<unknown>, config: unknown): StreamSettings[] {
  const streams = provider.feeds.flatMap((feed) => feed.stream ?? []);
  return [...Map.groupBy(streams, ({ name }) => name)].flatMap(([name, all]) => {
    const present = new Set<Granularity>(all.map(({ granularity }) => granularity));
    const [finest, ...coarser] = GRANULARITIES.filter((granularity) => present.has(granularity));
    if (finest === undefined) return [];
    return {
      name,
      granularities: [finest, ...coarser],
      settleMs: Math.max(...all.map(({ settleMs }) => settleMs)),
      reachMs: Math.max(...all.map(({ settleMs, reachMs }) => reachMs ?? settleMs)),
      lagMs: Math.max(...all.map((each) => each.lagMs?.(config) ?? DEFAULT_LAG_MS)),
      closedBuckets: all.every(({ closedBuckets = false }) => closedBuckets),
      sharedResources: all[0]?.sharedResources ?? false,
    };
  });
}

/** The ledger stores the state of the rate limiter, so that restarting never exceeds a limit. */
function memoryOf(ledger: Ledger, account: number) {
  const stored = ledger.requests(account);
  const state = stored === undefined ? undefined : RequestState.parse(JSON.parse(stored));
  return { state, remember: (next: RequestState) => ledger.rememberRequests(account, JSON.stringify(next)) };
}
