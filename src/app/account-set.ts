import { isDeepStrictEqual } from 'node:util';
import type { Ledger } from '../core/ledger.ts';
import { createAdmission } from '../poll/admission.ts';
import type { HttpEvents } from '../poll/http/context.ts';
import type { ServerClock } from '../poll/http/server-clock.ts';
import {
  type AccountDefaults,
  type OpenAccount,
  openAccount,
  type PolledAccount,
} from '../poll/open-account.ts';
import { createPoller, type Poller, type PollerOptions } from '../poll/poller.ts';
import { createPatterns } from '../poll/schedule.ts';
import { createWriter, type RunInTransaction } from '../poll/writer.ts';
import type { AccountLabels, SelfMetrics } from '../sinks/prometheus/self.ts';

export interface AccountsOptions extends Omit<PollerOptions, 'feeds'> {
  readonly ledger: Ledger;
  readonly self: SelfMetrics;
  /** Hears what answers say of the time. */
  readonly witness?: ServerClock;
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly maxWaitMs?: number | undefined;
  /** An answer asked an account for a pause of so many seconds, more than is believed. */
  readonly waitCut: (account: AccountLabels, seconds: number) => void;
}

/** The accounts that are to be polled, and what holds for all of them. */
export interface AccountsConfig extends AccountDefaults {
  readonly accounts: readonly PolledAccount[];
}

/** Titles of the accounts that a replacement touched; all others were left alone. */
export interface ReplacedAccounts {
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

/** The accounts that are polled, each by a poller of its own. */
export interface Accounts {
  /** All of the pollers as one. */
  readonly poller: Poller;
  /**
   * Polls these accounts instead of those before. One that did not change keeps its connections, its request budget, its schedule
   * and its polls in flight; of one that did, polls are abandoned, and it is polled anew at once.
   *
   * @throws what the store throws when an account cannot be opened: then all goes on as before.
   */
  replace(next: AccountsConfig): Promise<ReplacedAccounts>;
  /** Abandons polls in flight and closes all connections. */
  stop(): Promise<void>;
}

interface Running {
  readonly account: PolledAccount;
  readonly open: OpenAccount;
  readonly poller: Poller;
}

/** More than a few accounts have feeds. Of thousands it is what a turn of the event loop can take. */
const CONCURRENT_POLLS = 64;

/** Registers the accounts with the ledger. Nothing is sent before their poller is started. */
export function createAccounts(given: AccountsOptions, first: AccountsConfig): Accounts {
  const { transaction } = given.ledger;
  const write = createWriter(transaction);
  const options = { ...given, patternOf: createPatterns(), admit: createAdmission(CONCURRENT_POLLS), write };
  const { ledger } = options;
  let terms: AccountDefaults = first;
  let running: Running[] = [];
  transaction(() => {
    running = first.accounts.map((account) => startAccount(account, terms, options));
  });
  let isStarted = false;
  inSlices(running, (each) => {
    if (running.includes(each)) register(each, options);
  });

  /** Those that stay as they are, and new ones for the others. */
  const opened = (next: AccountsConfig): Running[] => {
    const fresh: Running[] = [];
    const before = byTitle(running);
    try {
      let all: Running[] = [];
      transaction(() => {
        all = next.accounts.map((account) => {
          const known = before.get(titleOf({ account }));
          if (known && isSame(known.account, account)) return known;
          const begun = startAccount(account, next, options);
          fresh.push(begun);
          return begun;
        });
      });
      return all;
    } catch (error) {
      for (const { open } of fresh) void open.client.close();
      for (const account of next.accounts) restore(account);
      throw error;
    }
  };
  const restore = (account: PolledAccount) => {
    const before = byTitle(running).get(titleOf({ account }));
    const { id } = ledger.book.accountOf(account.provider.id, account.name) ?? {};
    if (before) before.open.update(before.account, terms);
    else if (id !== undefined) ledger.deactivateAccount(id);
  };
  const all = (): Poller[] => running.map(({ poller }) => poller);

  return {
    poller: {
      start() {
        isStarted = true;
        inSlices(all(), (poller) => poller.start());
      },
      pollAll: async () => (await Promise.all(all().map((poller) => poller.pollAll()))).flat(),
      states: () => all().flatMap((poller) => poller.states()),
      stop: async () => void (await Promise.all(all().map((poller) => poller.stop()))),
    },
    async replace(next) {
      const before = running;
      running = opened(next);
      terms = next;
      const [were, are] = [byTitle(before), byTitle(running)];
      const begun = running.filter((each) => were.get(titleOf(each)) !== each);
      const ended = before.filter((each) => are.get(titleOf(each)) !== each);
      next.accounts.forEach((account, index) => void running[index]?.open.update(account, next));
      await Promise.all(ended.map(stopAccount));
      for (const each of ended) await unregister(each, are, options);
      for (const each of begun) register(each, options);
      if (isStarted) for (const { poller } of begun) poller.start();
      const isNew = (each: Running) => !were.has(titleOf(each));
      const isGone = (each: Running) => !are.has(titleOf(each));
      return {
        added: begun.filter(isNew).map(titleOf),
        changed: begun.filter((each) => !isNew(each)).map(titleOf),
        removed: ended.filter(isGone).map(titleOf),
      };
    },
    async stop() {
      await Promise.all(running.map(stopAccount));
    },
  };
}

/** So many have their turn in one of the event loop, and more for so long. */
const AT_ONCE = 16;
const SLICE_MS = 10;

function inSlices<Item>(items: readonly Item[], work: (item: Item) => void): void {
  const begun = performance.now();
  const isRoom = (count: number) => count < AT_ONCE || performance.now() - begun < SLICE_MS;
  let count = 0;
  for (const item of items) {
    if (!isRoom(count)) break;
    work(item);
    count += 1;
  }
  if (count < items.length) setImmediate(() => inSlices(items.slice(count), work));
}

function startAccount(
  account: PolledAccount,
  terms: AccountDefaults,
  options: AccountsOptions & { write: RunInTransaction },
): Running {
  const { maxSeries, rates } = terms;
  const events = httpEvents(labelsOf(account), options);
  const open = openAccount(account, { ...options, maxSeries, rates, events });
  return { account, open, poller: createPoller({ ...options, feeds: open.feeds }) };
}

async function stopAccount({ open, poller }: Running): Promise<void> {
  await poller.stop();
  // Not waited for: a resolver that does not answer would hold it up, and nothing comes of it any more.
  void open.client.close();
}

/** Shows the feeds' own metrics, from what the ledger remembers on. */
function register({ open }: Running, { ledger, self }: AccountsOptions): void {
  for (const { key, labels } of open.feeds) {
    self.feedSeen(labels);
    const lastSuccess = ledger.book.feed(key.account, key.feed)?.lastSuccess;
    if (lastSuccess !== undefined) self.restore(labels, lastSuccess);
  }
}

/** Takes from the page what has no successor: the account, or feeds of it that have nothing to read any more. */
async function unregister(
  { account, open }: Running,
  running: ReadonlyMap<string, Running>,
  { ledger, self }: AccountsOptions,
): Promise<void> {
  const successor = running.get(titleOf({ account }));
  if (!successor) {
    ledger.deactivateAccount(open.id);
    return self.accountRemoved(labelsOf(account));
  }
  const names = new Set(successor.open.feeds.map(({ labels }) => labels.feed));
  const gone = open.feeds.filter(({ labels }) => !names.has(labels.feed));
  for (const { labels } of gone) await self.feedRemoved(labels);
}

/** Of two accounts of one title: nothing that is asked, or how, is different. Where the credential is kept does not count, only what it is. */
function isSame(a: PolledAccount, b: PolledAccount): boolean {
  return a.provider === b.provider && a.key() === b.key() && isDeepStrictEqual(askedOf(a), askedOf(b));
}

function askedOf({ baseUrl, since, timeoutMs, schedule, config }: PolledAccount) {
  return { baseUrl, since, timeoutMs, schedule, config };
}

function byTitle(all: readonly Running[]): ReadonlyMap<string, Running> {
  return new Map(all.map((each) => [titleOf(each), each]));
}

function titleOf({ account: { provider, name } }: Pick<Running, 'account'>): string {
  return `${provider.id}/${name}`;
}

function labelsOf({ provider, name }: PolledAccount): AccountLabels {
  return { provider: provider.id, account: name };
}

function httpEvents(labels: AccountLabels, { self, waitCut, witness }: AccountsOptions): HttpEvents {
  return {
    answered(code, date) {
      self.apiAnswered(labels, code === '' ? undefined : Number(code));
      if (code !== '') witness?.answered(date);
    },
    retried: () => self.apiRetried(labels),
    rateLimit: ({ remaining }) => {
      if (remaining !== undefined) self.rateLimitSeen(labels, remaining);
    },
    waitCut: (seconds) => waitCut(labels, seconds),
  };
}
