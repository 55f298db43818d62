import assert from 'node:assert/strict';
import { ValueType } from '@opentelemetry/api';
import { ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { AggregationTemporality, DataPointType, type MetricData } from '@opentelemetry/sdk-metrics';
import { realServerTest } from '../support/programs/binaries.ts';
import { type StoredSeries, startVictoriaMetrics } from '../support/programs/victoria-metrics.ts';

const AT = Date.UTC(2025, 10, 22, 9, 30, 0, 123);

/** OTLP name, unit, and the name in a backend with Prometheus naming. */
const SUMS = [
  ['ai.billing.cost.usd', '{USD}', 'ai_billing_cost_usd_total'],
  ['ai.billing.cost.corrections.usd', '{USD}', 'ai_billing_cost_corrections_usd_total'],
  ['ai.billing.billed.seconds', 's', 'ai_billing_billed_seconds_total'],
  ['ai.billing.billed.corrections.seconds', 's', 'ai_billing_billed_corrections_seconds_total'],
  ['ai.billing.tokens.corrections', '{token}', 'ai_billing_tokens_corrections_total'],
  ['ai.billing.unconverted.amount', '', 'ai_billing_unconverted_amount_total'],
  ['process.cpu.user.seconds', 's', 'process_cpu_user_seconds_total'],
] as const;
const GAUGES = [
  ['ai.billing.cost.today.usd', '{USD}', 'ai_billing_cost_today_usd'],
  ['ai.billing.cost.trend.ratio', '1', 'ai_billing_cost_trend_ratio'],
  ['ai.billing.last.success.timestamp.seconds', 's', 'ai_billing_last_success_timestamp_seconds'],
  ['ai.billing.api.rate.limit.remaining', '{request}', 'ai_billing_api_rate_limit_remaining'],
  ['ai.billing.series', '{series}', 'ai_billing_series'],
  ['process.start.time.seconds', 's', 'process_start_time_seconds'],
  ['process.resident.memory.bytes', 'By', 'process_resident_memory_bytes'],
  // Total is what it measures: only a counter's is a suffix.
  ['nodejs.active.handles.total', '', 'nodejs_active_handles_total'],
  ['nodejs.heap.size.total.bytes', 'By', 'nodejs_heap_size_total_bytes'],
] as const;

realServerTest(
  'OTLP: a backend with Prometheus naming derives the names of /metrics',
  ['victoria-metrics'],
  async (context) => {
    const sums = SUMS.map(([name, unit]) => sum(name, unit));
    const gauges = GAUGES.map(([name, unit]) => gauge(name, unit, [[1]]));
    const stored = await taken(context, [...sums, ...gauges], SUMS.length + GAUGES.length);
    const names = stored.map(({ labels: { __name__ = '' } }) => __name__).sort();
    assert.deepEqual(names, [...SUMS, ...GAUGES].map(([, , exposed]) => exposed).sort());
    for (const { labels, at } of stored) {
      assert.deepEqual({ ...labels, __name__: '' }, { __name__: '', service_name: 'naming' });
      assert.equal(at, AT);
    }
  },
);

realServerTest(
  'OTLP: a histogram has the same series as on /metrics, including empty ones',
  ['victoria-metrics'],
  async (context) => {
    const stored = await taken(context, [histogram('ai.billing.poll.duration.seconds')], 5);
    const seen = stored.map(({ labels: { __name__, le }, value }) => [__name__, le, value]);
    const name = 'ai_billing_poll_duration_seconds';
    assert.deepEqual(seen.sort(), [
      [`${name}_bucket`, '+Inf', 7],
      [`${name}_bucket`, '0.05', 1],
      [`${name}_bucket`, '300', 1],
      [`${name}_count`, undefined, 7],
      [`${name}_sum`, undefined, 12.345],
    ]);
  },
);

realServerTest(
  'OTLP: values of up to twelve digits and labels of any text arrive unchanged',
  ['victoria-metrics'],
  async (context) => {
    const values = [0, 0.1, 1e-12, 4.35e-7, 123456789.123456, 1790000000.123, 2 ** 53 - 1, -3.5, 1 / 3];
    const points = values.map((value, index) => [value, { index: String(index) }] as const);
    const texts = { quote: 'a"b', back: 'a\\b', newline: 'a\nb', wide: 'Ünï→日本😀', space: ' a ' };
    const dotted = { 'gen_ai.provider.name': 'venice', empty: '' };
    const sent = [gauge('values', '', points), gauge('texts', '', [[1, { ...texts, ...dotted }]])];
    const stored = await taken(context, sent, values.length + 1);
    for (const [index, value] of values.entries()) {
      const found = stored.find(({ labels }) => labels.index === String(index))?.value ?? Number.NaN;
      if (value === 1 / 3) assert.ok(found !== value && Math.abs(found - value) < 1e-12 * value);
      else assert.equal(found, value);
    }
    // An empty label is absent, as in Prometheus.
    assert.deepEqual(stored.find(({ labels }) => labels.__name__ === 'texts')?.labels, {
      ...texts,
      __name__: 'texts',
      gen_ai_provider_name: 'venice',
      service_name: 'naming',
    });
  },
);

type Points = readonly (readonly [value: number, attributes?: Readonly<Record<string, string>>])[];

/** The series that VictoriaMetrics stores for these metrics. */
async function taken(
  context: Parameters<typeof startVictoriaMetrics>[0],
  metrics: MetricData[],
  count: number,
): Promise<StoredSeries[]> {
  const backend = await startVictoriaMetrics(context);
  const resource = resourceFromAttributes({ 'service.name': 'naming' });
  const request = { resource, scopeMetrics: [{ scope: { name: 'naming' }, metrics }] };
  const body = ProtobufMetricsSerializer.serializeRequest(request);
  assert.ok(body);
  const headers = { 'content-type': 'application/x-protobuf' };
  const response = await fetch(backend.otlpUrl, { method: 'POST', headers, body });
  assert.equal(response.status, 200);
  return backend.exported((series) => series.length === count);
}

function sum(name: string, unit: string): MetricData {
  return {
    ...described(name, unit),
    dataPointType: DataPointType.SUM,
    isMonotonic: true,
    dataPoints: [{ ...SPAN, attributes: {}, value: 1 }],
  };
}

function gauge(name: string, unit: string, points: Points): MetricData {
  return {
    ...described(name, unit),
    dataPointType: DataPointType.GAUGE,
    dataPoints: points.map(([value, attributes = {}]) => ({ ...SPAN, attributes, value })),
  };
}

function histogram(name: string): MetricData {
  const value = { buckets: { boundaries: [0.05, 300], counts: [1, 0, 6] }, sum: 12.345, count: 7 };
  return {
    ...described(name, 's'),
    dataPointType: DataPointType.HISTOGRAM,
    dataPoints: [{ ...SPAN, attributes: {}, value }],
  };
}

const SPAN = { startTime: timeAt(AT - 60_000), endTime: timeAt(AT) };

function timeAt(ms: number): [seconds: number, nanoseconds: number] {
  return [Math.floor(ms / 1000), (ms % 1000) * 1e6];
}

function described(name: string, unit: string) {
  const descriptor = { name, unit, description: 'As it is.', valueType: ValueType.DOUBLE };
  return { descriptor, aggregationTemporality: AggregationTemporality.CUMULATIVE };
}
