import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { METRICS, type Metric } from '../../core/metrics/catalog.ts';
import { DRIFT_KINDS, type DriftKind } from '../../core/statement/statement.ts';
import type { Instant } from '../../core/values/time.ts';
import { type CollectedFamily, collectRegistries } from './collect.ts';
import { createLiveRenderer } from './live.ts';
import type { LiveMetrics } from './page.ts';
import { addProcessMetrics } from './process.ts';
import { createPushMetrics, type PushMetrics } from './pushes.ts';

/** An account as metrics name it. */
export interface AccountLabels {
  readonly provider: string;
  readonly account: string;
}

/** A feed as metrics name it. */
export interface FeedLabels extends AccountLabels {
  readonly feed: string;
}

/** How a poll ended, when, and how long it took. */
export type PollRecord =
  | { readonly ok: true; readonly isPostponed: boolean; readonly seconds: number; readonly at: Instant }
  /** Switched off. */
  | { readonly ok: null; readonly seconds: number; readonly at: Instant }
  | { readonly ok: false; readonly reason: string; readonly seconds: number; readonly at: Instant };

/** What the exporter tells about itself: every row of the catalogue whose source is `exporter`, and the process metrics. */
export interface SelfMetrics extends LiveMetrics, PushMetrics {
  /** Everything as it stands, in text 0.0.4: of many accounts, a scrape may show some as they were a second before. */
  text(): Promise<string>;
  /** The families that hold anything, as they stand. */
  collect(): Promise<CollectedFamily[]>;
  /** Shows the feed's counters, each from 0, before its first poll. May be said again. */
  feedSeen(feed: FeedLabels): void;
  /** When a poll last succeeded, as the store remembers it from before a restart. */
  restore(feed: FeedLabels, lastSuccess: Instant): void;
  pollEnded(feed: FeedLabels, outcome: PollRecord): void;
  /** A request was sent; `status` is missing where no answer came. */
  apiAnswered(account: AccountLabels, status?: number): void;
  apiRetried(account: AccountLabels): void;
  rateLimitSeen(account: AccountLabels, remaining: number): void;
  drift(feed: FeedLabels, kind: DriftKind, count?: number): void;
  configLoaded(outcome: { readonly ok: boolean; readonly at: Instant }): void;
  /** Takes every series of the account away. */
  accountRemoved(account: AccountLabels): Promise<void>;
  /** Takes every series of the feed away. */
  feedRemoved(feed: FeedLabels): Promise<void>;
}

/** What the self-metrics need to know. */
export interface SelfMetricsOptions {
  readonly version: string;
  readonly revision: string;
  /** Every reason a poll can fail for: each is shown from 0. */
  readonly failureReasons: readonly string[];
  /** Off where whole pages are compared. */
  readonly processMetrics?: boolean;
}

/** From an answer within milliseconds up to a walk over a month of pages. */
const POLL_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];

/** Counts what the exporter does, on prom-client; {@link createLiveRenderer} shows it. */
export function createSelfMetrics(options: SelfMetricsOptions): SelfMetrics {
  const registry = new Registry();
  const own = ownMetrics(registry);
  const pushes = createPushMetrics(registry);
  if (options.processMetrics ?? true) addProcessMetrics(registry);
  own.buildInfo.set(
    { version: options.version, revision: options.revision, node_version: process.version },
    1,
  );
  const accounts = createAccountsMetrics(options.failureReasons);
  const { render, text, changed } = createLiveRenderer(accounts.parts, registry);
  const recorded = <Args extends unknown[]>(record: (...args: Args) => void) => {
    return (...args: Args): void => {
      record(...args);
      changed();
    };
  };
  const ofAccount = <Of extends AccountLabels, Args extends unknown[]>(
    record: (account: AccountMetrics, labels: Of, ...args: Args) => void,
  ) => recorded((labels: Of, ...args: Args) => record(accounts.touch(labels), labels, ...args));
  return {
    render,
    text,
    collect: () => collectRegistries([...accounts.parts().map((part) => part.registry), registry]),
    feedSeen: ofAccount((account, feed: FeedLabels) => account.show(feed)),
    restore: ofAccount(({ lastSuccess }, feed: FeedLabels, at) => lastSuccess.set(feedOf(feed), at / 1000)),
    pollEnded: ofAccount((account, feed: FeedLabels, outcome) => {
      account.show(feed);
      countPoll(account, feed, outcome);
    }),
    apiAnswered: ofAccount(({ apiRequests }, account, status?: number) =>
      apiRequests.inc({ ...accountOf(account), code: String(status ?? '') }),
    ),
    apiRetried: ofAccount(({ apiRetries }, account) => apiRetries.inc(accountOf(account))),
    rateLimitSeen: ofAccount(({ rateLimitRemaining }, account, remaining) =>
      rateLimitRemaining.set(accountOf(account), remaining),
    ),
    drift: ofAccount(({ contractDrift }, feed: FeedLabels, kind, count = 1) =>
      contractDrift.inc({ ...feedOf(feed), kind }, count),
    ),
    configLoaded: recorded(({ ok, at }) => {
      own.configReloadOk.set(ok ? 1 : 0);
      if (ok) own.configReloadTime.set(at / 1000);
    }),
    receiverSeen: recorded(pushes.receiverSeen),
    pointsTaken: recorded(pushes.pointsTaken),
    pointsLost: recorded(pushes.pointsLost),
    pushRetried: recorded(pushes.pushRetried),
    pushEnded: recorded(pushes.pushEnded),
    async accountRemoved(account) {
      accounts.remove(account);
      changed();
    },
    async feedRemoved(feed) {
      await accounts.touch(feed).forget(feed);
      changed();
    },
  };
}

function shapeIn(registry: Registry) {
  return ({ name, help, labels }: Metric) => ({
    name,
    help,
    labelNames: [...labels],
    registers: [registry],
  });
}

function ownMetrics(registry: Registry) {
  const shape = shapeIn(registry);
  return {
    buildInfo: new Gauge(shape(METRICS.buildInfo)),
    configReloadOk: new Gauge(shape(METRICS.configReloadOk)),
    configReloadTime: new Gauge(shape(METRICS.configReloadTime)),
  };
}

/** A registry for each account: what was counted for one changes the text of no other. */
function createAccountsMetrics(reasons: readonly string[]) {
  const known = new Map<
    string,
    { revision: number; readonly registry: Registry; readonly own: AccountMetrics }
  >();
  const created = () => {
    const registry = new Registry();
    return { revision: 0, registry, own: accountMetrics(registry, reasons) };
  };
  return {
    parts: () => [...known.values()].map(({ registry, revision }) => ({ registry, revision })),
    /** What is counted of the account; it has changed from now on. */
    touch(labels: AccountLabels): AccountMetrics {
      const account = known.get(keyOf(labels)) ?? created();
      known.set(keyOf(labels), account);
      account.revision += 1;
      return account.own;
    },
    remove: (labels: AccountLabels) => known.delete(keyOf(labels)),
  };
}

type AccountMetrics = ReturnType<typeof accountMetrics>;

function accountMetrics(registry: Registry, reasons: readonly string[]) {
  const shape = shapeIn(registry);
  const own = {
    up: new Gauge(shape(METRICS.up)),
    lastSuccess: new Gauge(shape(METRICS.lastSuccess)),
    polls: new Counter(shape(METRICS.polls)),
    pollFailures: new Counter(shape(METRICS.pollFailures)),
    pollDuration: new Histogram({ ...shape(METRICS.pollDuration), buckets: POLL_SECONDS }),
    apiRequests: new Counter(shape(METRICS.apiRequests)),
    apiRetries: new Counter(shape(METRICS.apiRetries)),
    rateLimitRemaining: new Gauge(shape(METRICS.rateLimitRemaining)),
    contractDrift: new Counter(shape(METRICS.contractDrift)),
  };
  const shown = new Set<string>();
  return {
    ...own,
    /** Shows a feed once: a histogram set to 0 again would lose what it holds. */
    show(feed: FeedLabels): void {
      if (shown.has(feed.feed)) return;
      shown.add(feed.feed);
      own.polls.inc(feedOf(feed), 0);
      own.pollDuration.zero(feedOf(feed));
      own.apiRetries.inc(accountOf(feed), 0);
      for (const reason of reasons) own.pollFailures.inc({ ...feedOf(feed), reason }, 0);
      for (const kind of DRIFT_KINDS) own.contractDrift.inc({ ...feedOf(feed), kind }, 0);
    },
    async forget({ feed }: FeedLabels): Promise<void> {
      shown.delete(feed);
      for (const metric of Object.values(own)) {
        const { values } = await metric.get();
        for (const { labels } of values) {
          const found: Readonly<Record<string, unknown>> = labels;
          if (found.feed !== feed) continue;
          const { le: _, ...series } = labels;
          metric.remove(series);
        }
      }
    },
  };
}

function keyOf({ provider, account }: AccountLabels): string {
  return JSON.stringify([provider, account]);
}

function countPoll(own: AccountMetrics, feed: FeedLabels, outcome: PollRecord): void {
  if (outcome.ok && outcome.isPostponed) return;
  own.polls.inc(feedOf(feed));
  own.pollDuration.observe(feedOf(feed), outcome.seconds);
  if (outcome.ok === null) own.up.remove(feedOf(feed));
  else own.up.set(feedOf(feed), outcome.ok ? 1 : 0);
  if (outcome.ok) own.lastSuccess.set(feedOf(feed), outcome.at / 1000);
  else if (outcome.ok === false) own.pollFailures.inc({ ...feedOf(feed), reason: outcome.reason });
}

// prom-client keeps the objects it is given and refuses labels it was not told of.
function accountOf({ provider, account }: AccountLabels) {
  return { provider, account };
}

function feedOf({ provider, account, feed }: FeedLabels) {
  return { provider, account, feed };
}
