import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { METRICS } from '../../core/metrics/catalog.ts';
import { DRIFT_KINDS, type DriftKind } from '../../core/statement/statement.ts';
import type { Instant } from '../../core/values/time.ts';
import { collectRegistries } from './collect.ts';
import { createLiveRenderer } from './live.ts';
import { addProcessMetrics } from './process.ts';
import { createPushMetrics, shapeIn } from './pushes.ts';

/** The labels of an account. */
export interface AccountLabels {
  readonly provider: string;
  readonly account: string;
}

/** The labels of a feed. */
export interface FeedLabels extends AccountLabels {
  readonly feed: string;
}

/** How a poll ended, when, and how long it took. */
export type PollRecord = (
  | { readonly kind: 'succeeded' | 'postponed' | 'unavailable' }
  | { readonly kind: 'failed'; readonly reason: string }
) & { readonly seconds: number; readonly at: Instant };

/** The exporter's own metrics: every row of the catalogue whose source is `exporter`, and the process metrics. */
export type SelfMetrics = ReturnType<typeof createSelfMetrics>;

export interface SelfMetricsOptions {
  readonly version: string;
  readonly revision: string;
  /** Every reason a poll can fail for: each is exposed at 0. */
  readonly failureReasons: readonly string[];
  /** Off in tests that compare complete pages. */
  readonly processMetrics?: boolean;
}

/** From an answer within milliseconds up to a walk over a month of pages. */
const POLL_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];

/** Counts with prom-client; {@link createLiveRenderer} renders. */
export function createSelfMetrics(options: SelfMetricsOptions) {
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
  const { recorded, ofAccount } = createRecorders(accounts, changed);
  return {
    render,
    /** The current metrics in text 0.0.4; with many accounts, a scrape may include some as of a second before. */
    text,
    /** The current families that have values. */
    collect: () => collectRegistries([...accounts.parts().map((part) => part.registry), registry]),
    /** Exposes the feed's counters at 0 before its first poll. Repeated calls have no effect. */
    feedSeen: ofAccount((account, feed: FeedLabels) => account.expose(feed)),
    /** When a poll last succeeded before a restart. */
    restore: ofAccount(({ lastSuccess }, feed: FeedLabels, at: Instant) =>
      lastSuccess.set(feedOf(feed), at / 1000),
    ),
    pollEnded: ofAccount((account, feed: FeedLabels, outcome: PollRecord) => {
      account.expose(feed);
      countPoll(account, feed, outcome);
    }),
    /** A request was sent; without `status` there was no answer. */
    apiAnswered: ofAccount(({ apiRequests }, account: AccountLabels, status?: number) =>
      apiRequests.inc({ ...accountOf(account), code: String(status ?? '') }),
    ),
    apiRetried: ofAccount(({ apiRetries }, account: AccountLabels) => apiRetries.inc(accountOf(account))),
    rateLimitSeen: ofAccount(({ rateLimitRemaining }, account: AccountLabels, remaining: number) =>
      rateLimitRemaining.set(accountOf(account), remaining),
    ),
    drift: ofAccount(({ contractDrift }, feed: FeedLabels, kind: DriftKind, count: number = 1) =>
      contractDrift.inc({ ...feedOf(feed), kind }, count),
    ),
    configLoaded: recorded(({ ok, at }: { readonly ok: boolean; readonly at: Instant }) => {
      own.configReloadOk.set(ok ? 1 : 0);
      if (ok) own.configReloadTime.set(at / 1000);
    }),
    receiverSeen: recorded(pushes.receiverSeen),
    pointsTaken: recorded(pushes.pointsTaken),
    pointsLost: recorded(pushes.pointsLost),
    pushRetried: recorded(pushes.pushRetried),
    pushEnded: recorded(pushes.pushEnded),
    /** Removes every series of the account. */
    async accountRemoved(account: AccountLabels): Promise<void> {
      accounts.remove(account);
      changed();
    },
    /** Removes every series of the feed. */
    async feedRemoved(feed: FeedLabels): Promise<void> {
      await accounts.touch(feed).forget(feed);
      changed();
    },
  };
}

/** Wraps functions that count, so that each call reports a change. */
function createRecorders(accounts: ReturnType<typeof createAccountsMetrics>, changed: () => void) {
  const recorded = <Args extends unknown[]>(record: (...args: Args) => void) => {
    return (...args: Args): void => {
      record(...args);
      changed();
    };
  };
  const ofAccount = <Of extends AccountLabels, Args extends unknown[]>(
    record: (account: AccountMetrics, labels: Of, ...args: Args) => void,
  ) => recorded((labels: Of, ...args: Args) => record(accounts.touch(labels), labels, ...args));
  return { recorded, ofAccount };
}

function ownMetrics(registry: Registry) {
  const shape = shapeIn(registry);
  return {
    buildInfo: new Gauge(shape(METRICS.buildInfo)),
    configReloadOk: new Gauge(shape(METRICS.configReloadOk)),
    configReloadTime: new Gauge(shape(METRICS.configReloadTime)),
  };
}

/** One registry per account, so that a change of one account does not change the text of another. */
function createAccountsMetrics(reasons: readonly string[]) {
  const known = new Map<
    string,
    { revision: number; readonly registry: Registry; readonly own: AccountMetrics }
  >();
  const create = () => {
    const registry = new Registry();
    return { revision: 0, registry, own: accountMetrics(registry, reasons) };
  };
  return {
    parts: () => [...known.values()].map(({ registry, revision }) => ({ registry, revision })),
    /** The metrics of the account, which counts as changed. */
    touch(labels: AccountLabels): AccountMetrics {
      const account = known.get(keyOf(labels)) ?? create();
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
  const exposed = new Set<string>();
  return {
    ...own,
    /** Exposes a feed once: a histogram set to 0 again would lose its observations. */
    expose(feed: FeedLabels): void {
      if (exposed.has(feed.feed)) return;
      exposed.add(feed.feed);
      own.polls.inc(feedOf(feed), 0);
      own.pollDuration.zero(feedOf(feed));
      own.apiRetries.inc(accountOf(feed), 0);
      for (const reason of reasons) own.pollFailures.inc({ ...feedOf(feed), reason }, 0);
      for (const kind of DRIFT_KINDS) own.contractDrift.inc({ ...feedOf(feed), kind }, 0);
    },
    async forget({ feed }: FeedLabels): Promise<void> {
      exposed.delete(feed);
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
  if (outcome.kind === 'postponed') return;
  own.polls.inc(feedOf(feed));
  own.pollDuration.observe(feedOf(feed), outcome.seconds);
  if (outcome.kind === 'unavailable') own.up.remove(feedOf(feed));
  else own.up.set(feedOf(feed), outcome.kind === 'succeeded' ? 1 : 0);
  if (outcome.kind === 'succeeded') own.lastSuccess.set(feedOf(feed), outcome.at / 1000);
  if (outcome.kind === 'failed') own.pollFailures.inc({ ...feedOf(feed), reason: outcome.reason });
}

// prom-client keeps the label objects and rejects labels that were not declared.
function accountOf({ provider, account }: AccountLabels) {
  return { provider, account };
}

function feedOf({ provider, account, feed }: FeedLabels) {
  return { provider, account, feed };
}
