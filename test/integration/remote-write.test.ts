import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { ceilTo, DAY, MINUTE } from '../../src/core/values/time.ts';
import { writeRemotely } from '../../src/push/remote-write/write-remotely.ts';
import { realServerTest } from '../support/programs/binaries.ts';
import { startPrometheus } from '../support/programs/prometheus.ts';
import { samplesIn } from '../support/programs/stored-series.ts';
import { startVictoriaMetrics } from '../support/programs/victoria-metrics.ts';
import { samplesOf, seriesOf } from '../support/remote-write/samples.ts';

const SERIES = seriesOf(5);
const RECEIVER_FLAG = '--web.enable-remote-write-receiver';
const TIMES = 30 * 288;

/** The same for all tests, however long they take. */
const START = ceilTo(5 * MINUTE, Date.now()) - 30 * DAY - 15 * MINUTE;

/** The last 30 days, until a quarter of an hour ago. */
function history() {
  return samplesOf(SERIES, TIMES, START);
}

function send(
  url: string,
  skip = 0,
  signal = new AbortController().signal,
  acknowledged = (_: number) => {},
) {
  return writeRemotely(history(), {
    receiver: { url, headers: () => ({}), tls: {}, timeoutMs: 30_000, giveUpAfterMs: 60_000 },
    userAgent: 'test/1',
    now: Date.now,
    wait: (ms, stop) => sleep(ms, undefined, { signal: stop }),
    signal,
    skip,
    acknowledged,
  });
}

interface StoredSamples {
  readonly labels: Readonly<Record<string, string>>;
  readonly samples: readonly { readonly at: number; readonly value: number }[];
}

/** The first thing that is not stored as it was sent; undefined if all is. Values are compared to so many significant digits. */
function firstDifference(stored: readonly StoredSamples[], digits: number): string | undefined {
  const sent = Map.groupBy(history(), ({ labels }) => JSON.stringify(labels));
  if (stored.length !== sent.size) return `${stored.length} series`;
  for (const { labels, samples } of stored) {
    const key = JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
    const all = sent.get(key) ?? [];
    if (samples.length !== all.length) return `${samples.length} samples of ${key}, not ${all.length}`;
    for (const [index, { at, value }] of samples.entries()) {
      const other = all[index];
      if (at !== other?.at || value.toPrecision(digits) !== other.value.toPrecision(digits))
        return `${value} at ${at} of ${key}, not ${other?.value} at ${other?.at}`;
    }
  }
  return undefined;
}

realServerTest(
  'remote write: Prometheus and VictoriaMetrics store every sample, also when a stopped run is resumed',
  ['prometheus', 'victoria-metrics'],
  async (context) => {
    const prometheus = await startPrometheus(context, {
      targets: [],
      flags: [RECEIVER_FLAG],
      outOfOrderWindow: '60d',
    });
    const victoria = await startVictoriaMetrics(context);
    for (const url of [`${prometheus.url}/api/v1/write`, `${victoria.url}/api/v1/write`]) {
      const stop = new AbortController();
      let acknowledged = 0;
      const stopped = send(url, 0, stop.signal, (count) => {
        acknowledged = count;
        stop.abort();
      });
      await assert.rejects(stopped, { name: 'AbortError' });
      // As after a kill: the last request arrived, but was not noted.
      const summary = await send(url, acknowledged - 5000);
      assert.deepEqual(summary, { accepted: 5 * TIMES - acknowledged + 5000, refused: [] });
    }
    const stored = await samplesIn(prometheus, 'ai_billing_cost_usd_total[31d]');
    const ofPrometheus = stored.map(({ labels, values }) => ({
      labels,
      samples: values.map(({ at, value }) => ({ at, value: Number(value) })),
    }));
    assert.equal(firstDifference(ofPrometheus, 17), undefined);
    const exported = await victoria.exported((all) => all.every(({ count }) => count >= TIMES));
    // VictoriaMetrics keeps a sample that is sent twice, unless it deduplicates.
    const once = exported.map(({ labels, samples }) => ({
      labels,
      samples: samples.filter(({ at }, index) => at !== samples[index - 1]?.at),
    }));
    assert.equal(firstDifference(once, 12), undefined);
  },
);

realServerTest(
  'remote write: a Prometheus without an out-of-order window refuses what is old, and takes what is new',
  ['prometheus'],
  async (context) => {
    const prometheus = await startPrometheus(context, { targets: [], flags: [RECEIVER_FLAG] });
    const now = Date.now();
    const [current = []] = seriesOf(1);
    const url = `${prometheus.url}/api/v1/write`;
    const options = {
      receiver: { url, headers: () => ({}), tls: {}, timeoutMs: 30_000, giveUpAfterMs: 60_000 },
      userAgent: 'test/1',
      now: Date.now,
      wait: () => Promise.resolve(),
      signal: new AbortController().signal,
    };
    const labels = [...current, ['series', 'of-the-scrapes'] as const];
    await writeRemotely([{ labels, at: now, value: 1 }], options);
    const summary = await writeRemotely(history(), options);
    assert.equal(summary.refused.length, SERIES.length);
    // Prometheus 3 adds which series it is.
    for (const { reason } of summary.refused)
      assert.match(reason, /^400 Bad Request: out of bounds( for series \{[^}]*\})?$/);
    const lost = summary.refused.reduce((sum, { samples }) => sum + samples, 0);
    assert.equal(summary.accepted + lost, 5 * TIMES);
    assert.ok(summary.accepted > 0);
  },
);

realServerTest(
  'remote write: a Prometheus without the receiver is refused with what to do',
  ['prometheus'],
  async (context) => {
    const prometheus = await startPrometheus(context, { targets: [] });
    await assert.rejects(
      send(`${prometheus.url}/api/v1/write`),
      /does not accept remote write: 404 Not Found: .*is the receiver enabled\?$/,
    );
  },
);
