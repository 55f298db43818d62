import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JsonMetricsSerializer, ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer';
import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import fc from 'fast-check';
import { assertAsyncProperty } from '../../test/support/ledger/property.ts';
import { readJson, readProtobuf } from '../../test/support/otlp/otlp-metrics.ts';
import { counterOf, metricsWith, pointsOf } from '../../test/support/otlp/pushing.ts';
import { countPoints, type EncodedBatch, type Encoding, encodedBatches } from './split.ts';

/** Encodes nothing, so that what was to be encoded can be seen. */
function spying(seen: ResourceMetrics[]): Encoding['serializer'] {
  return {
    serializeRequest(metrics) {
      seen.push(metrics);
      return new Uint8Array(countPoints(metrics));
    },
  };
}

const Scopes = fc.array(fc.array(fc.nat(20), { maxLength: 5 }), { maxLength: 3 });

test('batches have the identical points, in order, up to the limit', async () => {
  await assertAsyncProperty(
    fc.asyncProperty(Scopes, fc.integer({ min: 1, max: 15 }), async (scopes, batchPoints) => {
      const metrics = withScopes(scopes);
      const seen: ResourceMetrics[] = [];
      const encoding = { serializer: spying(seen), batchPoints, batchBytes: 1000 };
      const batches = await collected(encodedBatches(metrics, encoding));
      const all = pointsOf(metrics);
      assert.equal(countPoints(metrics), all.length);
      assert(
        same(
          batches.flatMap(({ points }) => points),
          all,
        ),
      );
      assert(same(seen.flatMap(pointsOf), all));
      assert(batches.slice(0, -1).every(({ points }) => points.length === batchPoints));
    }),
  );
});

test('batch has each family once per scope, with the resource and description', async () => {
  const metrics = withScopes([[3, 2], [4]]);
  const seen: ResourceMetrics[] = [];
  await collected(encodedBatches(metrics, { serializer: spying(seen), batchPoints: 4, batchBytes: 9 }));
  assert.deepEqual(
    seen.map(({ scopeMetrics }) =>
      scopeMetrics.map(({ scope, metrics: families }) => [
        scope.name,
        ...families.map(({ descriptor, dataPoints }) => `${descriptor.name}: ${dataPoints.length}`),
      ]),
    ),
    [
      [['scope 0', 'family.0: 3', 'family.1: 1']],
      [
        ['scope 0', 'family.1: 1'],
        ['scope 1', 'family.0: 3'],
      ],
      [['scope 1', 'family.0: 1']],
    ],
  );
  assert(seen.every(({ resource }) => resource === metrics.resource));
  const [first] = seen[0]?.scopeMetrics[0]?.metrics ?? [];
  assert.partialDeepStrictEqual(first, { isMonotonic: true, aggregationTemporality: 1 });
});

test('batch is encoded on demand', async () => {
  const seen: ResourceMetrics[] = [];
  const encoding = { serializer: spying(seen), batchPoints: 2, batchBytes: 9 };
  const batches = encodedBatches(metricsWith([counterOf(6)]), encoding);
  for (const expected of [1, 2, 3]) {
    await batches.next();
    assert.equal(seen.length, expected);
  }
});

for (const [what, serializer, read] of [
  ['protobuf', ProtobufMetricsSerializer, readProtobuf],
  ['JSON', JsonMetricsSerializer, readJson],
] as const) {
  test(`batches are smaller with labels of 4 kB and escapes in ${what}`, async () => {
    const long = 'ü"\\\u0001'.repeat(1024);
    const metrics = metricsWith([counterOf(510, 0, { a: long, b: long }), counterOf(90, 1)]);
    const encoding = { serializer, batchPoints: 500, batchBytes: 4_000_000 };
    const batches: EncodedBatch[] = await collected(encodedBatches(metrics, encoding));
    assert(
      same(
        batches.flatMap(({ points }) => points),
        pointsOf(metrics),
      ),
    );
    const bodies = batches.map(({ body }) => body ?? assert.fail('a point is missing'));
    assert(bodies.every(({ length }) => length <= 4_000_000));
    const points = bodies
      .flatMap((body) => read(Buffer.from(body)).metrics)
      .flatMap((metric) => metric.points);
    assert.equal(points.length, 600);
    assert.equal(points[0]?.attributes.a, long);
  });

  test(`batch of a point that is larger than a request may be has no body in ${what}`, async () => {
    const metrics = metricsWith([counterOf(3), counterOf(1, 1, { a: 'x'.repeat(2000) }), counterOf(3, 2)]);
    const encoding = { serializer, batchPoints: 500, batchBytes: 1500 };
    const batches = await collected(encodedBatches(metrics, encoding));
    assert(
      same(
        batches.flatMap(({ points }) => points),
        pointsOf(metrics),
      ),
    );
    const dropped = batches.filter(({ body }) => !body);
    assert.deepEqual(
      dropped.map(({ points }) => points.length),
      [1],
    );
  });
}

async function collected(batches: AsyncIterable<EncodedBatch>): Promise<EncodedBatch[]> {
  const all: EncodedBatch[] = [];
  for await (const batch of batches) all.push(batch);
  return all;
}

function withScopes(scopes: readonly (readonly number[])[]): ResourceMetrics {
  const { resource } = metricsWith([]);
  const scopeMetrics = scopes.map((sizes, scope) => ({
    scope: { name: `scope ${scope}` },
    metrics: sizes.map((size, family) => counterOf(size, family)),
  }));
  return { resource, scopeMetrics };
}

function same(some: readonly unknown[], others: readonly unknown[]): boolean {
  return some.length === others.length && some.every((each, index) => each === others[index]);
}
