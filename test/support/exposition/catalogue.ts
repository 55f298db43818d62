import { METRICS, type Metric } from '../../../src/core/metrics/catalog.ts';
import type { Family, Sample, SnapshotSource } from '../../../src/core/metrics/snapshot.ts';
import { type Instant, MINUTE } from '../../../src/core/values/time.ts';
import type { SelfMetrics } from '../../../src/sinks/prometheus/self.ts';

/** What labels may hold; an empty one is as good as absent. */
const TEXTS = [
  'plain',
  '',
  'a "quoted" one',
  'back\\slash',
  'two\nlines',
  'Ünï→日本😀',
  'a/b:c.d-e',
  ' a  b',
];
/** What totals may be, some of it more than twelve digits long. */
const TOTALS = [0, 0.1, 1e-12, 1 / 3, 0.30000000000000004, 123456789.123456, 1e15, 2 ** 53 - 1, 4.35e-7, 7];

/** A snapshot, never another, of so many series, spread evenly over every family of the catalogue that the ledger shows. */
export function everyFamilyOf(series: number, at: Instant): SnapshotSource {
  const shown = Object.values<Metric>(METRICS).filter(({ source }) => source !== 'exporter');
  const headers = shown.flatMap((metric) =>
    metric.corrections ? [metric, { ...metric, ...metric.corrections }] : [metric],
  );
  const families = headers.map((header, index): Family => {
    const from = Math.floor((series * index) / headers.length);
    const to = Math.floor((series * (index + 1)) / headers.length);
    const samples = Array.from({ length: to - from }, (_, n) => sampleOf(header, from + n, at));
    const { name, type, help, labels } = header;
    return { name, type, help, labels, samples };
  });
  const snapshot = { version: 1, at, families };
  return { current: () => snapshot, subscribe: () => () => {}, carried: () => {} };
}

/** The first label tells it from others; the rest is any text. */
function sampleOf({ type, labels }: Metric, index: number, at: Instant): Sample {
  const text = (shift: number) => TEXTS[(index + shift) % TEXTS.length] ?? '';
  const total = TOTALS[index % TOTALS.length] ?? 0;
  const value = type === 'gauge' && index % 3 === 0 ? -total : total;
  const values = labels.map((_, place) => (place === 0 ? `${text(0)} ${index}` : text(place)));
  return { labels: values, value, ...(type === 'counter' && { createdAt: at - (index % 60) * MINUTE }) };
}

/** Fills every family that the exporter tells of itself. */
export function fillSelf(self: SelfMetrics, at: Instant): void {
  for (const [index, account] of TEXTS.entries()) {
    const feed = { provider: 'baseten', account: `${account} ${index}`, feed: 'usage' };
    self.feedSeen(feed);
    self.pollEnded(feed, { kind: 'succeeded', seconds: index / 3, at: at + index });
    self.pollEnded(feed, { kind: 'failed', reason: 'network', seconds: 10 ** index, at });
    self.apiAnswered(feed, 200);
    self.apiAnswered(feed);
    self.apiRetried(feed);
    self.rateLimitSeen(feed, index);
    self.drift(feed, 'unknown_field', index + 1);
    self.receiverSeen(account, ['network']);
    self.pointsTaken(account, index);
    self.pointsLost(account, index, 'network');
    self.pushRetried(account);
    self.pushEnded(account, { ok: index % 2 === 0, at, seconds: index });
  }
  self.configLoaded({ ok: true, at });
}
