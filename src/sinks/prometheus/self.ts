import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { METRICS, type Metric } from '../../core/metrics.ts';
import { DRIFT_KINDS, type DriftKind } from '../../core/statement.ts';
import type { Instant } from '../../core/time.ts';
import { type CollectedFamily, collectRegistry, createLiveRenderer } from './live.ts';
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
export type PollOutcome =
  | { readonly ok: true; readonly isPostponed: boolean; readonly seconds: number; readonly at: Instant }
  /** Switched off. */
  | { readonly ok: null; readonly seconds: number; readonly at: Instant }
  | { readonly ok: false; readonly reason: string; readonly seconds: number; readonly at: Instant };

/** What the exporter tells about itself: every row of the catalogue whose source is `exporter`, and the process metrics. */
export interface SelfMetrics extends LiveMetrics, PushMetrics {
  /** The families that hold anything, as they stand. */
  collect(): Promise<CollectedFamily[]>;
  /** Shows the feed's counters, each from 0, before its first poll. May be said again. */
  feedSeen(feed: FeedLabels): void;
  /** When a poll last succeeded, as the store remembers it from before a restart. */
  restore(feed: FeedLabels, lastSuccess: Instant): void;
  pollEnded(feed: FeedLabels, outcome: PollOutcome): void;
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
  const zeros = createZeros(own, options.failureReasons);
  const { render, changed } = createLiveRenderer(registry);
  const recorded = <Args extends unknown[]>(record: (...args: Args) => void) => {
    return (...args: Args): void => {
      record(...args);
      changed();
    };
  };
  return {
    render,
    collect: () => collectRegistry(registry),
    feedSeen: recorded(zeros.show),
    restore: recorded((feed, at) => own.lastSuccess.set(feedOf(feed), at / 1000)),
    pollEnded: recorded((feed, outcome) => {
      zeros.show(feed);
      countPoll(own, feed, outcome);
    }),
    apiAnswered: recorded((account, status) =>
      own.apiRequests.inc({ ...accountOf(account), code: String(status ?? '') }),
    ),
    apiRetried: recorded((account) => own.apiRetries.inc(accountOf(account))),
    rateLimitSeen: recorded((account, remaining) =>
      own.rateLimitRemaining.set(accountOf(account), remaining),
    ),
    drift: recorded((feed, kind, count = 1) => own.contractDrift.inc({ ...feedOf(feed), kind }, count)),
    configLoaded: recorded(({ ok, at }) => {
      own.configReloadOk.set(ok ? 1 : 0);
      if (ok) own.configReloadTime.set(at / 1000);
    }),
    receiverSeen: recorded(pushes.receiverSeen),
    pointsTaken: recorded(pushes.pointsTaken),
    pointsLost: recorded(pushes.pointsLost),
    pushRetried: recorded(pushes.pushRetried),
    pushEnded: recorded(pushes.pushEnded),
    async accountRemoved({ provider, account }) {
      zeros.forget({ provider, account });
      await removeSeries(own, { provider, account });
      changed();
    },
    async feedRemoved({ provider, account, feed }) {
      zeros.forget({ provider, account }, feed);
      await removeSeries(own, { provider, account, feed });
      changed();
    },
  };
}

type Own = ReturnType<typeof ownMetrics>;

function ownMetrics(registry: Registry) {
  const shape = ({ name, help, labels }: Metric) => ({
    name,
    help,
    labelNames: [...labels],
    registers: [registry],
  });
  return {
    up: new Gauge(shape(METRICS.up)),
    lastSuccess: new Gauge(shape(METRICS.lastSuccess)),
    polls: new Counter(shape(METRICS.polls)),
    pollFailures: new Counter(shape(METRICS.pollFailures)),
    pollDuration: new Histogram({ ...shape(METRICS.pollDuration), buckets: POLL_SECONDS }),
    apiRequests: new Counter(shape(METRICS.apiRequests)),
    apiRetries: new Counter(shape(METRICS.apiRetries)),
    rateLimitRemaining: new Gauge(shape(METRICS.rateLimitRemaining)),
    contractDrift: new Counter(shape(METRICS.contractDrift)),
    buildInfo: new Gauge(shape(METRICS.buildInfo)),
    configReloadOk: new Gauge(shape(METRICS.configReloadOk)),
    configReloadTime: new Gauge(shape(METRICS.configReloadTime)),
  };
}

/** Shows a feed once: a histogram set to 0 again would lose what it holds. */
function createZeros(own: Own, reasons: readonly string[]) {
  const shown = new Map<string, Set<string>>();
  return {
    show(feed: FeedLabels): void {
      const feeds = shown.get(keyOf(feed)) ?? new Set();
      if (feeds.has(feed.feed)) return;
      shown.set(keyOf(feed), feeds.add(feed.feed));
      own.polls.inc(feedOf(feed), 0);
      own.pollDuration.zero(feedOf(feed));
      own.apiRetries.inc(accountOf(feed), 0);
      for (const reason of reasons) own.pollFailures.inc({ ...feedOf(feed), reason }, 0);
      for (const kind of DRIFT_KINDS) own.contractDrift.inc({ ...feedOf(feed), kind }, 0);
    },
    /** All feeds of the account, unless one is named. */
    forget(account: AccountLabels, feed?: string): void {
      if (feed === undefined) shown.delete(keyOf(account));
      else shown.get(keyOf(account))?.delete(feed);
    },
  };
}

function keyOf({ provider, account }: AccountLabels): string {
  return JSON.stringify([provider, account]);
}

function countPoll(own: Own, feed: FeedLabels, outcome: PollOutcome): void {
  if (outcome.ok && outcome.isPostponed) return;
  own.polls.inc(feedOf(feed));
  own.pollDuration.observe(feedOf(feed), outcome.seconds);
  if (outcome.ok === null) own.up.remove(feedOf(feed));
  else own.up.set(feedOf(feed), outcome.ok ? 1 : 0);
  if (outcome.ok) own.lastSuccess.set(feedOf(feed), outcome.at / 1000);
  else if (outcome.ok === false) own.pollFailures.inc({ ...feedOf(feed), reason: outcome.reason });
}

/** Takes away the series that have all of these labels. */
async function removeSeries(own: Own, wanted: Readonly<Record<string, string>>): Promise<void> {
  for (const metric of Object.values(own)) {
    const { values } = await metric.get();
    for (const { labels } of values) {
      const found: Readonly<Record<string, unknown>> = labels;
      if (Object.entries(wanted).some(([name, value]) => found[name] !== value)) continue;
      const { le: _, ...series } = labels;
      metric.remove(series);
    }
  }
}

// prom-client keeps the objects it is given and refuses labels it was not told of.
function accountOf({ provider, account }: AccountLabels) {
  return { provider, account };
}

function feedOf({ provider, account, feed }: FeedLabels) {
  return { provider, account, feed };
}
