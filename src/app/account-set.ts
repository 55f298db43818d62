import { isDeepStrictEqual } from 'node:util';
import type { Ledger } from '../core/ledger.ts';
import { createAdmission } from '../poll/admission.ts';
import type { FeedState } from '../poll/feed-runner.ts';
import type { HttpEvents } from '../poll/http/context.ts';
import type { ServerClock } from '../poll/http/server-clock.ts';
import { type AccountDefaults, type OpenAccount, openAccount } from '../poll/open-account.ts';
import type { PollOutcome } from '../poll/poll-outcome.ts';
import { createPoller, type Poller, type PollerOptions } from '../poll/poller.ts';
import { createPatterns } from '../poll/schedule.ts';
import { createWriter, type RunInTransaction } from '../poll/writer.ts';
import type { PolledAccount } from '../providers/api/account.ts';
import type { AccountLabels, SelfMetrics } from '../sinks/prometheus/self.ts';

export interface AccountsOptions extends Omit<PollerOptions, 'feeds'> {
  readonly ledger: Ledger;
  readonly self: SelfMetrics;
  /** Learns the time from responses. */
  readonly serverClock?: ServerClock;
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly maxWaitMs?: number | undefined;
  /** A response asked an account for a pause of so many seconds, which is more than is plausible. */
  readonly waitCut: (account: AccountLabels, seconds: number) => void;
}

export interface AccountsConfig extends AccountDefaults {
  readonly accounts: readonly PolledAccount[];
}

/** Titles of the accounts that a replacement affected; all others were left alone. */
export interface ReplacedAccounts {
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

interface RunningAccount {
  readonly account: PolledAccount;
  readonly open: OpenAccount;
  readonly poller: Poller;
}

type OpenOptions = AccountsOptions & { readonly write: RunInTransaction };

/** More than the feeds of a few accounts. With thousands of accounts it is what a turn of the event loop can handle. */
const CONCURRENT_POLLS = 64;

/** The accounts that are polled, each by its own poller, and all of these pollers as one. */
export class AccountSet implements Poller {
  readonly #options: OpenOptions;
  #defaults: AccountDefaults;
  #running: readonly RunningAccount[] = [];
  #isStarted = false;

  /** Registers the accounts with the ledger. Nothing is sent before {@link start}. */
  constructor(options: AccountsOptions, first: AccountsConfig) {
    const write = createWriter((work) => options.ledger.transaction(work));
    this.#options = {
      ...options,
      patternOf: createPatterns(),
      admit: createAdmission(CONCURRENT_POLLS),
      write,
    };
    this.#defaults = first;
    this.#running = this.#openAll(first);
    inSlices(this.#running, (each) => {
      if (this.#running.includes(each)) register(each, options);
    });
  }

  start(): void {
    this.#isStarted = true;
    inSlices(this.#pollers, (poller) => poller.start());
  }

  async pollAll(): Promise<readonly PollOutcome[]> {
    return (await Promise.all(this.#pollers.map((poller) => poller.pollAll()))).flat();
  }

  states(): FeedState[] {
    return this.#pollers.flatMap((poller) => poller.states());
  }

  async stop(): Promise<void> {
    await Promise.all(this.#pollers.map((poller) => poller.stop()));
  }

  /** Abandons polls in flight and closes all connections. */
  async close(): Promise<void> {
    await Promise.all(this.#running.map(stopAccount));
  }

  get #pollers(): Poller[] {
    return this.#running.map(({ poller }) => poller);
  }

  /**
   * Replaces the accounts. An account that did not change keeps its connections, request budget, schedule and polls in flight. The polls
   * of one that did are abandoned, and it is polled again at once.
   *
   * @throws what the store throws if an account cannot be opened: then everything continues as before.
   */
  async replace(next: AccountsConfig): Promise<ReplacedAccounts> {
    const before = byTitle(this.#running);
    this.#running = this.#openAll(next);
    this.#defaults = next;
    const after = byTitle(this.#running);
    const started = this.#running.filter((each) => before.get(titleOf(each)) !== each);
    const stopped = [...before.values()].filter((each) => after.get(titleOf(each)) !== each);
    next.accounts.forEach((account, index) => void this.#running[index]?.open.update(account, next));
    await Promise.all(stopped.map(stopAccount));
    for (const each of stopped) await unregister(each, after.get(titleOf(each)), this.#options);
    for (const each of started) register(each, this.#options);
    if (this.#isStarted) for (const { poller } of started) poller.start();
    return {
      added: started.map(titleOf).filter((title) => !before.has(title)),
      changed: started.map(titleOf).filter((title) => before.has(title)),
      removed: stopped.map(titleOf).filter((title) => !after.has(title)),
    };
  }

  /** The running accounts of `next`: unchanged ones as they are, the others opened. */
  #openAll(next: AccountsConfig): RunningAccount[] {
    const before = byTitle(this.#running);
    const opened: RunningAccount[] = [];
    const open = (account: PolledAccount) => {
      const known = before.get(titleOf({ account }));
      if (known && isSame(known.account, account)) return known;
      const running = openRunning(account, next, this.#options);
      opened.push(running);
      return running;
    };
    try {
      let all: RunningAccount[] = [];
      this.#options.ledger.transaction(() => {
        all = next.accounts.map(open);
      });
      return all;
    } catch (error) {
      for (const { open } of opened) void open.client.close();
      for (const account of next.accounts) this.#restore(account, before.get(titleOf({ account })));
      throw error;
    }
  }

  #restore({ provider, name }: PolledAccount, before: RunningAccount | undefined): void {
    const { ledger } = this.#options;
    const id = ledger.accountId(provider.id, name);
    if (before) before.open.update(before.account, this.#defaults);
    else if (id !== undefined) ledger.deactivateAccount(id);
  }
}

/** A turn of the event loop handles at least this many items, and more while there is time. */
const MIN_PER_SLICE = 16;
const SLICE_MS = 10;

function inSlices<Item>(items: readonly Item[], work: (item: Item) => void): void {
  const startedAt = performance.now();
  let count = 0;
  for (const item of items) {
    if (count >= MIN_PER_SLICE && performance.now() - startedAt >= SLICE_MS) break;
    work(item);
    count += 1;
  }
  if (count < items.length) setImmediate(() => inSlices(items.slice(count), work));
}

function openRunning(
  account: PolledAccount,
  defaults: AccountDefaults,
  options: OpenOptions,
): RunningAccount {
  const { maxSeries, rates } = defaults;
  const events = httpEvents(labelsOf(account), options);
  const open = openAccount(account, { ...options, maxSeries, rates, events });
  return { account, open, poller: createPoller({ ...options, feeds: open.feeds }) };
}

async function stopAccount({ open, poller }: RunningAccount): Promise<void> {
  await poller.stop();
  // Not awaited: a name resolver that does not respond would delay the shutdown for nothing.
  void open.client.close();
}

/** Shows the metrics of the feeds themselves, starting with what the ledger remembers. */
function register({ open }: RunningAccount, { ledger, self }: AccountsOptions): void {
  for (const { key, labels } of open.feeds) {
    self.feedSeen(labels);
    const lastSuccess = ledger.feed(key.account, key.feed)?.lastSuccess;
    if (lastSuccess !== undefined) self.restore(labels, lastSuccess);
  }
}

/** Removes the metrics that have no successor: of the account, or of feeds that no longer have anything to read. */
async function unregister(
  { account, open }: RunningAccount,
  successor: RunningAccount | undefined,
  { ledger, self }: AccountsOptions,
): Promise<void> {
  if (!successor) {
    ledger.deactivateAccount(open.id);
    return self.accountRemoved(labelsOf(account));
  }
  const names = new Set(successor.open.feeds.map(({ labels }) => labels.feed));
  const gone = open.feeds.filter(({ labels }) => !names.has(labels.feed));
  for (const { labels } of gone) await self.feedRemoved(labels);
}

/** Whether two accounts of one title send the same requests. The credential itself counts, not where it is stored. */
function isSame(a: PolledAccount, b: PolledAccount): boolean {
  return (
    a.provider === b.provider && a.key() === b.key() && isDeepStrictEqual(requestedOf(a), requestedOf(b))
  );
}

function requestedOf({ baseUrl, since, timeoutMs, schedule, config }: PolledAccount) {
  return { baseUrl, since, timeoutMs, schedule, config };
}

function byTitle(all: readonly RunningAccount[]): ReadonlyMap<string, RunningAccount> {
  return new Map(all.map((each) => [titleOf(each), each]));
}

function titleOf({ account: { provider, name } }: Pick<RunningAccount, 'account'>): string {
  return `${provider.id}/${name}`;
}

function labelsOf({ provider, name }: PolledAccount): AccountLabels {
  return { provider: provider.id, account: name };
}

function httpEvents(labels: AccountLabels, { self, waitCut, serverClock }: AccountsOptions): HttpEvents {
  return {
    answered(code, date) {
      self.apiAnswered(labels, code === '' ? undefined : Number(code));
      if (code !== '') serverClock?.answered(date);
    },
    retried: () => self.apiRetried(labels),
    rateLimit: ({ remaining }) => {
      if (remaining !== undefined) self.rateLimitSeen(labels, remaining);
    },
    waitCut: (seconds) => waitCut(labels, seconds),
  };
}
