import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { MINUTE } from '../../src/core/values/time.ts';
import { startEveryFamily } from '../support/exporter/families.ts';
import { PATIENCE_MS } from '../support/exporter/process.ts';
import { assertSameSeries, MANUAL_PUSH } from '../support/otlp/otlp-parity.ts';
import { startOtlpReceiver } from '../support/otlp/otlp-receiver.ts';
import { type Series, seriesOfPage, seriesOfPush, seriesOfVector } from '../support/otlp/otlp-series.ts';
import { receiverAt } from '../support/otlp/pushing.ts';
import { collectorTest, startCollector, validateCollector } from '../support/programs/otel-collector.ts';
import { startPrometheus } from '../support/programs/prometheus.ts';

const VENDOR = { VENDOR_OTLP_ENDPOINT: 'http://127.0.0.1:9', VENDOR_API_KEY: '12345' };

collectorTest('collector: accepts the shipped configuration', async (_context, path) => {
  assert.deepEqual(await validateCollector(path, VENDOR), { code: 0, output: '' });
});

collectorTest(
  'collector: without a vendor address it refuses to start, with the reason',
  async (_context, path) => {
    const { code, output } = await validateCollector(path, {});
    assert.equal(code, 1);
    assert.match(output, /otlp_http\/vendor: at least one endpoint must be specified/);
  },
);

collectorTest('collector: forwards every series to Prometheus and a vendor', async (context, path) => {
  const flags = ['--web.enable-remote-write-receiver'];
  const prometheus = await startPrometheus(context, { targets: [], flags });
  const vendor = await startOtlpReceiver(context, { protocol: 'http/protobuf' });
  const collector = await startCollector(context, path, {
    ...VENDOR,
    REMOTE_WRITE_URL: `${prometheus.url}/api/v1/write`,
    VENDOR_OTLP_ENDPOINT: new URL(vendor.url).origin,
  });
  const { clock, exporter } = await startEveryFamily(context, {
    receivers: [receiverAt(`http://${collector.grpc}`, { ...MANUAL_PUSH, protocol: 'grpc' })],
  });
  await exporter.push(); // metrics about pushes exist after the first push
  clock.advance(MINUTE);
  await exporter.pollAll();
  await exporter.fresh();
  await exporter.push();
  const page = seriesOfPage(await exporter.scrape());
  const at = clock.now();

  const written = await settled(page, async () =>
    seriesOfVector(await prometheus.query('{job="ai-billing-exporter"}', at)),
  );
  assertSameSeries(written, page, 'remote write');
  const vendorSeries = await settled(page, async () =>
    seriesOfPush(vendor.pushes.map((push) => ofInstant(push, at))),
  );
  assertSameSeries(vendorSeries, page, 'vendor');
  for (const { headers } of vendor.pushes) assert.equal(headers['api-key'], VENDOR.VENDOR_API_KEY);
  assert.deepEqual(collector.log().match(/.*\t(warn|error)\t.*/g), null);
});

/** The stored series, once there are as many as expected or after two minutes. */
async function settled(expected: Series, held: () => Promise<Series>): Promise<Series> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const series = await held();
    if (series.size >= expected.size || performance.now() > deadline) return series;
    await sleep(200);
  }
}

type Push = Parameters<typeof seriesOfPush>[0][number];

function ofInstant({ resource, metrics }: Push, instant: number): Push {
  const at = metrics.map((metric) => ({
    ...metric,
    points: metric.points.filter(({ time }) => time === instant),
  }));
  return { resource, metrics: at };
}
