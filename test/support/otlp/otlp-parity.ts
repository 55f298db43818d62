import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { HOUR, type Instant } from '../../../src/core/values/time.ts';
import type { Receiver } from '../../../src/push/receiver.ts';
import { PATIENCE_MS } from '../exporter/process.ts';
import { startPrometheus } from '../programs/prometheus.ts';
import { startVictoriaMetrics, type VictoriaMetrics } from '../programs/victoria-metrics.ts';
import { type OtlpReceiver, startOtlpReceiver } from './otlp-receiver.ts';
import {
  differences,
  named,
  namesIn,
  type Series,
  seriesOfPush,
  seriesOfStored,
  seriesOfVector,
} from './otlp-series.ts';
import { receiverAt } from './pushing.ts';

/** The test triggers every push itself. */
export const MANUAL_PUSH = { intervalMs: 24 * HOUR };

/** Process metrics: their values and label sets change between two scrapes. */
const PROCESS = /^(process|nodejs)_/;
/** Absent at times: without a measurement since the last scrape there is no value, and NaN is not sent. */
const AT_TIMES = /^nodejs_(active_requests|eventloop_lag_(mean|stddev)_seconds)$/;
/** Metrics about the pushes that are compared. */
const MOVING = /^ai_billing_otlp_/;
type Likeness = Parameters<typeof differences>[2];
const EXACT = { within: 0, moving: MOVING };
/** VictoriaMetrics keeps some twelve digits. */
const ROUNDED = { within: 1e-11, moving: MOVING };

/** A receiver for every protocol. */
export interface Receivers {
  /** As the exporter's configuration has them. */
  readonly receivers: readonly Receiver[];
  readonly backend: VictoriaMetrics;
  readonly own: Readonly<Record<string, OtlpReceiver>>;
}

export async function startReceivers(context: TestContext): Promise<Receivers> {
  const backend = await startVictoriaMetrics(context);
  const json = await startOtlpReceiver(context, { protocol: 'http/json' });
  const grpc = await startOtlpReceiver(context, { protocol: 'grpc' });
  return {
    backend,
    own: { json, grpc },
    receivers: [
      receiverAt(backend.otlpUrl, { ...MANUAL_PUSH, name: 'backend', compression: 'gzip' }),
      receiverAt(json.url, { ...MANUAL_PUSH, name: 'json', protocol: 'http/json' }),
      receiverAt(grpc.url, { ...MANUAL_PUSH, name: 'grpc', protocol: 'grpc' }),
    ],
  };
}

/** The exporter that is pushed and scraped. Its metrics do not change meanwhile. */
export interface Shown {
  readonly url: string;
  /** Pushes to every receiver, and waits until all have answered. */
  push(): Promise<void>;
}

/** Pushes at an instant of the exporter's clock, scrapes, and compares all copies. Returns the names of the metrics. */
export type Compare = (at: Instant, what: string) => Promise<string[]>;

/** Lets a real Prometheus scrape both pages. Pushes once, so that metrics about pushes exist. */
export async function startParityCheck(
  context: TestContext,
  shown: Shown,
  { backend, own }: Receivers,
  intervalMs?: number,
): Promise<Compare> {
  const scrape = await scraperOf(context, shown, intervalMs);
  await shown.push();
  return async (at, what) => {
    const before = Object.entries(own).map(([name, { pushes }]) => ({ name, pushes, length: pushes.length }));
    await shown.push();
    const { page, otelPage } = await scrape();
    assertSameSeries(otelPage, page, `${what}: /otel/metrics`);
    for (const { name, pushes, length } of before)
      assertSameSeries(seriesOfPush(pushes.slice(length)), page, `${what}: ${name}`);
    assertSameSeries(await storedAt(backend, at, page), page, `${what}: protobuf`, ROUNDED);
    return namesIn(page);
  };
}

async function scraperOf(context: TestContext, { url }: Shown, intervalMs = 200) {
  const address = new URL(url).host;
  // In OpenMetrics the whole edges of histograms are 1.0, over OTLP they are 1.
  const protocols = ['PrometheusText0.0.4'] as const;
  const prometheus = await startPrometheus(context, {
    intervalMs,
    targets: [
      { address, job: 'page', protocols },
      { address, job: 'otel', protocols, path: '/otel/metrics' },
    ],
  });
  const held = async (job: string) => seriesOfVector(await prometheus.query(`{job="${job}"}`));
  return async () => {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      for (const { health, lastError } of await prometheus.scraped()) assert.equal(health, 'up', lastError);
      const [page, otelPage] = [await held('page'), await held('otel')];
      // A page that is rendered in the background may be one snapshot behind, and one whose scrape timed out is empty.
      const isLike = page.size > 0 && unlike(otelPage, page).length === 0;
      if (isLike || performance.now() > deadline) return { page, otelPage };
    }
  };
}

/** The series stored for one instant, once they match the expected ones or time is up. */
async function storedAt(backend: VictoriaMetrics, instant: Instant, expected: Series): Promise<Series> {
  let held: Series = new Map();
  await backend.exported((all) => {
    held = seriesOfStored(all.filter(({ at }) => at === instant));
    return unlike(held, expected, ROUNDED).length === 0;
  });
  return held;
}

/** Fails with the differences; of process metrics only the names are compared. */
export function assertSameSeries(
  actual: Series,
  expected: Series,
  what: string,
  options: Likeness = EXACT,
): void {
  const found = unlike(actual, expected, options);
  assert.deepEqual(found.slice(0, 20), [], `${what}: ${found.length} of ${expected.size} series`);
}

function unlike(actual: Series, expected: Series, options: Likeness = EXACT): string[] {
  const isProcess = (name: string) => PROCESS.test(name);
  const others = (series: Series) => named(series, (name) => !isProcess(name));
  const namesOf = (series: Series) =>
    namesIn(named(series, (name) => isProcess(name) && !AT_TIMES.test(name)));
  const [ours, theirs] = [namesOf(actual), namesOf(expected)];
  return [
    ...differences(others(actual), others(expected), options),
    ...theirs.filter((name) => !ours.includes(name)).map((name) => `missing: ${name}`),
    ...ours.filter((name) => !theirs.includes(name)).map((name) => `too much: ${name}`),
  ];
}
