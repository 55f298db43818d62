import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { AggregationTemporality, type CollectionResult, DataPointType } from '@opentelemetry/sdk-metrics';
import {
  counterFamily,
  createFakeSource,
  type FakeSource,
} from '../../../test/support/providers/fake-source.ts';
import type { Family, Sample } from '../../core/metrics/snapshot.ts';
import { createLedgerProducer } from './producer.ts';

const ZERO_AT = 1_795_000_000_123;
const OPENED_AT = ZERO_AT + 60_000;
const NOW = 1_795_000_123_007;

const LABELS = ['provider', 'account', 'model', 'token_type'];

function family(type: Family['type'], name: string, samples: readonly Sample[]): Family {
  return { name, type, help: `Help of ${name}.`, labels: LABELS, samples };
}

function opened(source: FakeSource, genAi = false) {
  let now = OPENED_AT;
  const ledger = createLedgerProducer({ source, now: () => now, version: '1.2.3', genAi });
  return {
    ...ledger,
    collect(at = NOW) {
      now = at;
      return ledger.producer.collect();
    },
  };
}

function metricsOf({ resourceMetrics }: CollectionResult) {
  return resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics);
}

function pointsOf(result: CollectionResult) {
  return metricsOf(result).flatMap(({ dataPoints }) => [...dataPoints]);
}

describe('OTLP ledger producer', () => {
  test('produces monotonic sums since the creation of each series, and gauges of the moment', async () => {
    const labels = ['venice', 'prod', '', 'input'];
    const counter = family('counter', 'ai_billing_tokens_total', [
      { labels, value: 0.1, createdAt: ZERO_AT },
    ]);
    const gauge = family('gauge', 'ai_billing_cost_today_usd', [{ labels, value: -3 }]);
    const { resourceMetrics, errors } = await opened(createFakeSource([counter, gauge])).collect();
    const attributes = { provider: 'venice', account: 'prod', model: '', token_type: 'input' };
    const endTime = [1_795_000_123, 7_000_000];
    assert.deepEqual(errors, []);
    assert.deepEqual(resourceMetrics.scopeMetrics, [
      {
        scope: { name: 'ai-billing-exporter', version: '1.2.3' },
        metrics: [
          {
            descriptor: {
              name: 'ai.billing.tokens',
              description: 'Help of ai_billing_tokens_total.',
              unit: '{token}',
              valueType: 1,
            },
            aggregationTemporality: AggregationTemporality.CUMULATIVE,
            dataPointType: DataPointType.SUM,
            isMonotonic: true,
            dataPoints: [{ startTime: [1_795_000_000, 123_000_000], endTime, attributes, value: 0.1 }],
          },
          {
            descriptor: {
              name: 'ai.billing.cost.today.usd',
              description: 'Help of ai_billing_cost_today_usd.',
              unit: '{USD}',
              valueType: 1,
            },
            aggregationTemporality: AggregationTemporality.CUMULATIVE,
            dataPointType: DataPointType.GAUGE,
            dataPoints: [{ startTime: endTime, endTime, attributes, value: -3 }],
          },
        ],
      },
    ]);
  });

  test('adds GenAI attributes on request, for labels that are not empty', async () => {
    const labels = ['venice', 'prod', '', 'input'];
    const source = createFakeSource([family('gauge', 'a', [{ labels, value: 1 }])]);
    const [point] = pointsOf(await opened(source, true).collect());
    assert.deepEqual(point?.attributes, {
      provider: 'venice',
      account: 'prod',
      model: '',
      token_type: 'input',
      'gen_ai.provider.name': 'venice',
      'gen_ai.token.type': 'input',
    });
  });

  test('starts with the producer if the creation of a series is unknown, and never after the end', async () => {
    const labels = ['venice', 'prod', '', ''];
    const samples = [
      { labels, value: 1 },
      { labels, value: 1, createdAt: NOW + 5000 },
    ];
    const source = createFakeSource([family('counter', 'a_total', samples)]);
    const points = pointsOf(await opened(source).collect());
    assert.deepEqual(
      points.map(({ startTime: [seconds] }) => seconds),
      [Math.floor(OPENED_AT / 1000), Math.floor(NOW / 1000)],
    );
  });

  test('produces no point without a number, and no metric without a point', async () => {
    const samples = [Number.NaN, Number.POSITIVE_INFINITY, 4].map((value) => ({
      labels: [`${value}`],
      value,
    }));
    const source = createFakeSource([
      family('gauge', 'a', samples),
      family('counter', 'b_total', samples.slice(0, 2)),
      family('gauge', 'c', []),
    ]);
    const result = await opened(source).collect();
    assert.deepEqual(
      metricsOf(result).map(({ descriptor }) => descriptor.name),
      ['a'],
    );
    assert.deepEqual(
      pointsOf(result).map(({ value }) => value),
      [4],
    );
  });

  test('produces one snapshot while others are published, and marks that one as carried', async () => {
    const source = createFakeSource([counterFamily(30_000, 1), counterFamily(30_000, 1, 'b_total')]);
    const ledger = opened(source);
    ledger.carried();
    assert.deepEqual(source.carriedVersions, []);
    const collecting = ledger.collect();
    source.publish([counterFamily(3, 2)]);
    const points = pointsOf(await collecting);
    assert.equal(points.length, 60_000);
    assert.deepEqual(new Set(points.map(({ value }) => value)), new Set([1]));
    ledger.carried();
    assert.deepEqual(source.carriedVersions, [1]);
    assert.equal(pointsOf(await ledger.collect()).length, 3);
    ledger.carried();
    assert.deepEqual(source.carriedVersions, [1, 2]);
  });

  test('shares attributes between families of the same labels', async () => {
    const samples = [{ labels: ['venice', 'prod', 'm', ''], value: 1 }];
    const others = { ...family('gauge', 'c', samples), labels: ['a', 'b', 'c', 'd'] };
    const source = createFakeSource([
      family('counter', 'a_total', samples),
      { ...family('gauge', 'b', samples), labels: [...LABELS] },
      others,
    ]);
    const ledger = opened(source);
    const [a, b, c] = pointsOf(await ledger.collect());
    const [again] = pointsOf(await ledger.collect());
    assert.equal(a?.attributes, b?.attributes);
    assert.equal(a?.attributes, again?.attributes);
    assert.deepEqual(c?.attributes, { a: 'venice', b: 'prod', c: 'm', d: '' });
  });

  test('keeps nothing of removed series', async () => {
    const source = createFakeSource([counterFamily(10, 1)]);
    const ledger = opened(source);
    const point = new WeakRef(pointsOf(await ledger.collect())[0] ?? assert.fail());
    const labels = new WeakRef(source.current().families[0]?.samples[0]?.labels ?? assert.fail());
    const attributes = new WeakRef(point.deref()?.attributes ?? assert.fail());
    source.publish([]);
    await ledger.collect();
    setFlagsFromString('--expose-gc');
    const collectGarbage: () => void = runInNewContext('gc');
    await setImmediate();
    collectGarbage();
    assert.deepEqual([labels.deref(), attributes.deref()], [undefined, undefined]);
  });
});
