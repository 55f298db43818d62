import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Answer, startOtlpReceiver } from '../../test/support/otlp/otlp-receiver.ts';
import { receiverAt } from '../../test/support/otlp/pushing.ts';
import { counterFamily, createFakeSource } from '../../test/support/providers/fake-source.ts';
import { NO_OPEN_TELEMETRY } from '../config/otel/open-telemetry.ts';
import { createLog } from '../runtime/log.ts';
import { createSelfMetrics } from '../sinks/prometheus/self.ts';
import { openPushes } from './opentelemetry.ts';

test('pushes: a receiver that rejects a part has seen the zeros, and only accepted points are counted', async (context) => {
  const { source, push, countOf } = await pushing(context, () => REJECTS_THREE);
  await push();
  const lost = await countOf('ai_billing_otlp_undelivered_points_total');
  const taken = await countOf('ai_billing_otlp_points_total');
  assert.deepEqual([source.carriedVersions, lost % 3], [[1], 0]);
  assert.equal(taken, source.points() - lost);
});

test('pushes: a receiver that is down has not seen the zeros', async (context) => {
  const { source, push, countOf } = await pushing(context, () => ({ status: 500 }));
  await push();
  assert.deepEqual([source.carriedVersions, await countOf('ai_billing_otlp_points_total')], [[], 0]);
});

const REJECTS_THREE: Answer = {
  body: JSON.stringify({ partialSuccess: { rejectedDataPoints: '3', errorMessage: 'too old' } }),
};

/** Pushes 700 series, and what the exporter counts of itself, to a receiver that answers so. */
async function pushing(context: TestContext, answer: () => Answer) {
  const { url, pushes } = await startOtlpReceiver(context, { protocol: 'http/json', answer });
  const source = createFakeSource([counterFamily(700, 0)]);
  const self = createSelfMetrics({ version: '1', revision: 'a', failureReasons: [], processMetrics: false });
  const receivers = [receiverAt(url, { protocol: 'http/json' })];
  const ledger = { deliveries: () => assert.fail('totals need none') };
  const opened = await openPushes(
    { ...NO_OPEN_TELEMETRY, receivers },
    { ledger, publisher: source, self },
    { version: '1', now: Date.now, log: createLog({ write: () => {} }) },
  );
  const points = () => pushes.flatMap(({ metrics }) => metrics.flatMap((metric) => metric.points)).length;
  return {
    source: Object.assign(source, { points }),
    // The last push is one like the others.
    push: () => opened?.stop(),
    async countOf(name: string) {
      const family = (await self.collect()).find((one) => one.name === name);
      return family?.values.reduce((sum, { value }) => sum + value, 0) ?? 0;
    },
  };
}
