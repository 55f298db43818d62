import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AggregationTemporality, type CollectionResult, DataPointType } from '@opentelemetry/sdk-metrics';
import type { CollectedFamily } from '../prometheus/collect.ts';
import { createSelfMetrics } from '../prometheus/self.ts';
import { createSelfProducer } from './self.ts';

const STARTED_AT = 1_795_000_000_000;
const ACCOUNT = { provider: 'venice', account: 'prod' };
const FEED = { ...ACCOUNT, feed: 'usage' };
const POLLED = { kind: 'succeeded', at: STARTED_AT } as const;

function counted(processMetrics = false) {
  return createSelfMetrics({ version: '1', revision: 'a', failureReasons: ['auth'], processMetrics });
}

function producerOf(self: { collect(): Promise<CollectedFamily[]> }, isDelta: boolean, genAi = false) {
  let now = STARTED_AT;
  const options = { self, now: () => now, startedAt: STARTED_AT, version: '1.2.3', genAi, isDelta };
  const { producer, acknowledge } = createSelfProducer(options);
  return {
    acknowledge,
    async collect() {
      now += 1000;
      return readable(await producer.collect());
    },
  };
}

function readable({ resourceMetrics, errors }: CollectionResult) {
  const metrics = resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics);
  return {
    errors,
    metrics,
    points: metrics.flatMap(({ dataPoints }) => [...dataPoints]),
    of(name: string) {
      const metric = metrics.find(({ descriptor }) => descriptor.name === name);
      return metric?.dataPoints.map(({ attributes, value, startTime: [start], endTime: [end] }) => {
        return { attributes, value, from: start - STARTED_AT / 1000, to: end - STARTED_AT / 1000 };
      });
    },
  };
}

describe('OTLP self-metrics', () => {
  test('are sums and histograms since the start, and gauges of the moment', async () => {
    const self = counted();
    self.pollEnded(FEED, { ...POLLED, seconds: 0.2 });
    self.pollEnded(FEED, { ...POLLED, seconds: 61 });
    self.pollEnded(FEED, { ...POLLED, seconds: 301 });
    const { of, metrics, errors } = await producerOf(self, false).collect();
    assert.deepEqual(errors, []);
    const edges = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];
    const counts = [0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1];
    const value = { buckets: { boundaries: edges, counts }, sum: 362.2, count: 3 };
    assert.deepEqual(of('ai.billing.polls'), [{ attributes: FEED, value: 3, from: 0, to: 1 }]);
    assert.deepEqual(of('ai.billing.poll.duration.seconds'), [{ attributes: FEED, value, from: 0, to: 1 }]);
    assert.deepEqual(of('ai.billing.up'), [{ attributes: FEED, value: 1, from: 1, to: 1 }]);
    const forms = new Map(metrics.map((metric) => [metric.descriptor.name, metric]));
    const polls = forms.get('ai.billing.polls');
    assert.ok(polls?.dataPointType === DataPointType.SUM && polls.isMonotonic);
    assert.equal(forms.get('ai.billing.up')?.dataPointType, DataPointType.GAUGE);
    for (const metric of metrics)
      assert.equal(metric.aggregationTemporality, AggregationTemporality.CUMULATIVE);
  });

  test('as deltas start from the last acknowledged ones, for each kind', async () => {
    const self = counted();
    self.pollEnded(FEED, { ...POLLED, seconds: 0.1 });
    const { collect, acknowledge } = producerOf(self, true);
    const first = await collect();
    assert.deepEqual(first.of('ai.billing.polls'), [{ attributes: FEED, value: 1, from: 0, to: 1 }]);
    acknowledge(first.points);
    self.pollEnded(FEED, { ...POLLED, seconds: 0.2 });
    const lost = await collect();
    assert.equal(lost.of('ai.billing.polls')?.[0]?.value, 1);
    self.pollEnded(FEED, { ...POLLED, seconds: 0.7 });
    const { of, points, metrics } = await collect();
    assert.deepEqual(of('ai.billing.polls'), [{ attributes: FEED, value: 2, from: 1, to: 3 }]);
    const [duration] = of('ai.billing.poll.duration.seconds') ?? [];
    const counts = [0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];
    const value = duration?.value;
    assert.ok(typeof value === 'object' && 'buckets' in value);
    // In doubles, 0.1 + 0.2 + 0.7 - 0.1 is 0.9000000000000001.
    assert.deepEqual([value.sum, value.count, value.buckets.counts], [0.9, 2, counts]);
    for (const metric of metrics) {
      const isGauge = metric.dataPointType === DataPointType.GAUGE;
      const { CUMULATIVE, DELTA } = AggregationTemporality;
      assert.equal(metric.aggregationTemporality, isGauge ? CUMULATIVE : DELTA);
    }
    acknowledge(points);
    const after = await collect();
    assert.deepEqual(
      [after.of('ai.billing.polls'), after.of('ai.billing.poll.duration.seconds')],
      [undefined, undefined],
    );
    assert.equal(after.of('ai.billing.up')?.length, 1);
  });

  test('of an account that was removed and added again start from 0', async () => {
    const self = counted();
    for (const seconds of [1, 2, 3]) self.pollEnded(FEED, { ...POLLED, seconds });
    const { collect, acknowledge } = producerOf(self, true);
    acknowledge((await collect()).points);
    await self.accountRemoved(ACCOUNT);
    self.pollEnded(FEED, { ...POLLED, seconds: 400 });
    const { of } = await collect();
    assert.equal(of('ai.billing.polls')?.[0]?.value, 1);
    const value = of('ai.billing.poll.duration.seconds')?.[0]?.value;
    assert.ok(typeof value === 'object' && value.sum === 400 && value.count === 1);
  });

  test('have GenAI attributes on request', async () => {
    const self = counted();
    self.feedSeen(FEED);
    const { of } = await producerOf(self, false, true).collect();
    assert.deepEqual(of('ai.billing.polls')?.[0]?.attributes, { ...FEED, 'gen_ai.provider.name': 'venice' });
  });

  test('include every family of /metrics and the process metrics', async () => {
    const self = counted(true);
    self.feedSeen(FEED);
    const names = (await self.collect()).map(({ name }) => name.replace(/_total$/, '').replaceAll('_', '.'));
    const { metrics, errors } = await producerOf(self, false).collect();
    assert.deepEqual(errors, []);
    const told = new Set(metrics.map(({ descriptor }) => descriptor.name));
    // A delay of which nothing was measured yet is no number.
    const missing = names.filter((name) => !told.has(name) && !told.has(`${name}.total`));
    assert.deepEqual(
      missing.filter((name) => !name.startsWith('nodejs.eventloop.lag')),
      [],
    );
  });

  test('report an unsupported family, and include the others', async () => {
    const values = [{ labels: {}, value: 1 }];
    const odd: CollectedFamily = { name: 'odd_seconds', type: 'summary', help: 'Odd.', values };
    const even: CollectedFamily = { name: 'even', type: 'gauge', help: 'Even.', values };
    const { errors, of } = await producerOf({ collect: async () => [odd, even] }, false).collect();
    assert.match(String(errors), /^RangeError: odd_seconds is a summary/);
    assert.equal(of('even')?.[0]?.value, 1);
  });
});
