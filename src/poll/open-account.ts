import { isCredible } from '../core/ledger/heal-clock.ts';
import type { AccountSettings, StreamSettings } from '../core/ledger/settings.ts';
import type { Ledger } from '../core/ledger.ts';
import type { Rates } from '../core/values/exchange-rates.ts';
import { GRANULARITIES, type Granularity, HOUR, type Instant } from '../core/values/time.ts';
import type { Provider } from '../providers/api/provider.ts';
import { createHttpClient, type HttpClient } from './http/client.ts';
import type { HttpEvents } from './http/context.ts';
import { RequestState } from './http/rate-limiter.ts';
import type { ScheduledFeed } from './poller.ts';
import type { RunInTransaction } from './writer.ts';

/** What the configuration says of an account, as far as polling it goes. */
export interface PolledAccount {
  readonly provider: Provider<unknown>;
  readonly name: string;
  readonly baseUrl: string;
  readonly key: () => string;
  readonly since: Instant | undefined;
  readonly timeoutMs: number;
  readonly schedule: Readonly<Record<string, string>>;
  readonly config: unknown;
}

/** What holds for all accounts and may change while they are polled. */
export interface AccountDefaults {
  readonly maxSeries: number;
  readonly rates: Rates;
}

export interface OpenAccountOptions extends AccountDefaults {
  readonly ledger: Ledger;
  readonly now: () => Instant;
  /** Resolves once `now` has moved on by `ms`; the wall clock's when absent. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly events: HttpEvents;
  /** Stores what polls read; at once when absent. */
  readonly write?: RunInTransaction | undefined;
  /** A longer wait for a limit fails the poll instead. */
  readonly longestWaitMs?: number | undefined;
}

export interface OpenAccount {
  readonly id: number;
  readonly client: HttpClient;
  readonly feeds: readonly ScheduledFeed[];
  /** Takes other terms, and the credential from where it is found now, for what is asked and read from now on. */
  take(credential: Pick<PolledAccount, 'key'>, terms: AccountDefaults): void;
}

/** Registers an account with the ledger and opens the way to its provider. Nothing is sent yet. */
export function openAccount(account: PolledAccount, options: OpenAccountOptions): OpenAccount {
  const { ledger, now, wait, events, longestWaitMs } = options;
  const id = ledger.openAccount(settingsOf(account, options), now());
  let { key } = account;
  let { rates } = options;
  const waits = { ...(wait && { wait }), ...(longestWaitMs !== undefined && { longestWaitMs }) };
  const edge = { events, now, ...waits, memory: memoryOf(ledger, id) };
  const client = createHttpClient({ ...account, ...edge, key: () => key() });
  ledger.repairClock(id, now());
  let lastAsOf = ledger.lastAsOf(id);
  const asOf = (at: Instant) => {
    if (lastAsOf > Number.NEGATIVE_INFINITY && !isCredible(lastAsOf, at)) {
      // The clock was set since: what was read under the old time must not outrank what is read now.
      ledger.repairClock(id, at);
      lastAsOf = ledger.lastAsOf(id);
    }
    lastAsOf = Math.max(at, lastAsOf + 1);
    return lastAsOf;
  };
  const [present, absent] = feedsOf(account);
  // What it read while it still had something to read is nobody's any more.
  for (const { name } of absent) ledger.clearFeed({ account: id, feed: name });
  const feeds = present.map((feed) => ({
    key: { account: id, feed: feed.name },
    labels: { provider: account.provider.id, account: account.name, feed: feed.name },
    feed,
    config: account.config,
    schedule: account.schedule[feed.name] ?? feed.schedule,
    readsHistory:
      feed === account.provider.feeds.findLast(({ stream }) => stream?.name === feed.stream?.name),
    client,
    ledger,
    rates: () => rates,
    now,
    asOf,
    ...(options.write && { write: options.write }),
  }));
  return {
    id,
    client,
    feeds,
    take(credential, terms) {
      ledger.openAccount(settingsOf(account, terms), now());
      ({ key } = credential);
      ({ rates } = terms);
    },
  };
}

/** The feeds that have something to read for the account, and those that have not. */
function feedsOf({ provider, config }: PolledAccount) {
  const applies = (feed: (typeof provider.feeds)[number]) => feed.isEnabled?.(config) ?? true;
  return [provider.feeds.filter(applies), provider.feeds.filter((feed) => !applies(feed))] as const;
}

function settingsOf(account: PolledAccount, { maxSeries, rates }: AccountDefaults): AccountSettings {
  const { provider, name, since } = account;
  const [feeds] = feedsOf(account);
  return {
    provider: provider.id,
    name,
    since,
    maxSeries,
    rates,
    streams: streamsOf({ ...provider, feeds }, account.config),
  };
}

/** Readings normally lag by an hour's bill and the time until it is asked for. */
const DEFAULT_LAG_MS = 2 * HOUR;

/** The bodies of facts that a provider's feeds read, each with what all of its feeds together know. */
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
    };
  });
}

/** The request budget's state lives in the ledger's store, so that restarting never overruns a limit. */
function memoryOf(ledger: Ledger, account: number) {
  const stored = ledger.requests(account);
  const state = stored === undefined ? undefined : RequestState.parse(JSON.parse(stored));
  return { state, remember: (next: RequestState) => ledger.rememberRequests(account, JSON.stringify(next)) };
}
