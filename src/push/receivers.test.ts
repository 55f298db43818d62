import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { MetricProducer } from '@opentelemetry/sdk-metrics';
import { run } from '../../test/support/exporter/child.ts';
import {
  type Answer,
  type OtlpReceiverOptions,
  startOtlpReceiver,
} from '../../test/support/otlp/otlp-receiver.ts';
import {
  countersOf,
  pointsOf,
  type RecordedPushEvents,
  receiverAt,
  recordPushEvents,
} from '../../test/support/otlp/pushing.ts';
import { openTransport } from './open.ts';
import type { OtlpProtocol, Receiver } from './receiver.ts';
import { openReceivers, type ReceiversOptions, type Subscription } from './receivers.ts';

const OPTIONS = { userAgent: 'test/1', now: Date.now };
const PROTOCOLS: readonly OtlpProtocol[] = ['http/protobuf', 'http/json', 'grpc'];

for (const protocol of PROTOCOLS) {
  test(`receivers get producers and instruments over ${protocol}, and points are reported as accepted`, async (context) => {
    const { next, subscription, heard } = await subscribed(context, { protocol }, { compression: 'gzip' });
    const { meterProvider, flush } = open(context, [subscription]);
    meterProvider.getMeter('own').createCounter('asked').add(3);
    await flush();
    const { resource, metrics } = await next();
    assert.deepEqual(resource, { 'service.name': 'test' });
    assert.deepEqual(
      metrics.map(({ scope, name, points }) => [scope, name, points.length]),
      [
        ['own', 'asked', 1],
        ['ledger', 'family.0', 4],
      ],
    );
    assert.deepEqual(metrics[1]?.points[3], {
      attributes: { n: '3' },
      start: 1_800_000_000_000,
      time: 1_800_000_060_000,
      value: 3.5,
    });
    assert.deepEqual(heard.told.slice(1), POINTS);
    assert(POINTS.every((point) => heard.told.includes(point)));
    assert.partialDeepStrictEqual(heard.ends, [{ ok: true, accepted: 5 }]);
  });
}

test('receivers are pushed to at their intervals, despite one that hangs and one that is down', async (context) => {
  const well = await subscribed(context, {}, { intervalMs: 20 });
  const hanging = await subscribed(context, { answer: hang }, { intervalMs: 20, pushTimeoutMs: 20 });
  const down = await subscribed(context, {}, { intervalMs: 20, pushTimeoutMs: 20 });
  down.stop();
  open(context, [hanging.subscription, down.subscription, well.subscription]);
  for (let count = 0; count < 5; count++) await well.next();
  assert(hanging.heard.ends.length > 0 && down.heard.ends.length > 0);
  assert(hanging.heard.ends.every(({ reason }) => reason === 'timeout'));
  assert(down.heard.ends.every(({ ok }) => !ok));
});

test('receivers report a failed collection as a failed push', async (context) => {
  const { subscription, heard, pushes } = await subscribed(context, {});
  const broken: MetricProducer = { collect: () => Promise.reject(new Error('no figures')) };
  const { flush } = open(context, [{ ...subscription, producers: [broken, ...subscription.producers] }]);
  await flush();
  assert.equal(pushes.length, 0);
  assert.partialDeepStrictEqual(heard.ends, [
    { ok: false, lost: 0, message: 'internal error: Error: no figures' },
  ]);
});

test('stop pushes a last time, once', async (context) => {
  const { subscription, pushes, heard } = await subscribed(context, {});
  const { stop, flush } = open(context, [subscription], { graceMs: 5000 });
  await Promise.all([stop(), stop()]);
  await flush();
  assert.equal(pushes.length, 1);
  assert.equal(heard.ends.length, 1);
});

for (const protocol of PROTOCOLS) {
  test(`stop ends in time over ${protocol} while the receiver hangs`, async (context) => {
    const { subscription, next, heard } = await subscribed(context, { protocol, answer: hang });
    const { stop, flush } = open(context, [subscription]);
    const flushing = flush();
    await next();
    const begun = performance.now();
    await stop();
    assert(performance.now() - begun < 5000);
    await flushing;
    assert.partialDeepStrictEqual(heard.ends, [{ ok: false, lost: 4, reason: 'timeout' }]);
    assert.equal(heard.ends.length, 1);
  });

  test(`process exits after stop over ${protocol}, without output of the library`, async (context) => {
    const hanging = await subscribed(context, { protocol, answer: hang });
    const refusing = await subscribed(context, {
      protocol,
      answer: () => ({ status: protocol === 'grpc' ? 16 : 401 }),
    });
    const well = await subscribed(context, { protocol });
    const urls = [hanging, refusing, well].map(({ url }) => url);
    const { code, output } = await run(process.execPath, [
      '--input-type=module',
      '-e',
      programOf(protocol, urls),
    ]);
    assert.deepEqual({ code, output }, { code: 0, output: 'stopped\n' });
    assert.equal(well.pushes.length, 2);
  });
}

test('process exits without stop, too', async (context) => {
  const { url, pushes } = await subscribed(context, {});
  const program = programOf('http/protobuf', [url]).replace(/^.*(flush|stop).*$/gm, '');
  assert.deepEqual(await run(process.execPath, ['--input-type=module', '-e', program]), {
    code: 0,
    output: '',
  });
  assert.equal(pushes.length, 0);
});

const METRICS = countersOf(4);
const POINTS = pointsOf(METRICS);

function hang(): Promise<Answer> {
  return new Promise(() => {});
}

/** A receiver of the test, and a subscription of four points. */
async function subscribed(
  context: TestContext,
  { protocol = 'http/protobuf', answer }: Partial<OtlpReceiverOptions>,
  settings: Partial<Receiver> = {},
) {
  const receiving = await startOtlpReceiver(context, { protocol, ...(answer && { answer }) });
  const receiver = receiverAt(receiving.url, { protocol, ...settings });
  const transport = await openTransport(receiver, 'metrics', OPTIONS);
  const heard: RecordedPushEvents = recordPushEvents();
  const producer: MetricProducer = { collect: async () => ({ resourceMetrics: METRICS, errors: [] }) };
  const subscription: Subscription = { receiver, transport, events: heard, producers: [producer] };
  return { ...receiving, heard, subscription };
}

function open(
  context: TestContext,
  subscriptions: readonly Subscription[],
  options: Partial<ReceiversOptions> = {},
) {
  const resource = { 'service.name': 'test' };
  const receivers = openReceivers(subscriptions, { resource, now: Date.now, graceMs: 1500, ...options });
  context.after(() => receivers.stop());
  return receivers;
}

/** A program that pushes twice to each URL, the second time as it stops; the first one may hang. */
function programOf(protocol: OtlpProtocol, urls: readonly string[]): string {
  const module = (path: string) => JSON.stringify(new URL(path, import.meta.url));
  return `
    import { openTransport } from ${module('open.ts')};
    import { openReceivers } from ${module('receivers.ts')};
    import { countersOf, recordPushEvents, receiverAt } from ${module('../../test/support/otlp/pushing.ts')};
    const producer = { collect: async () => ({ resourceMetrics: countersOf(3), errors: [] }) };
    const subscriptions = await Promise.all(${JSON.stringify(urls)}.map(async (url, index) => {
      const receiver = receiverAt(url, { protocol: '${protocol}', timeoutMs: index === 0 ? 200 : 10_000 });
      const transport = await openTransport(receiver, 'metrics', { userAgent: 'test/1', now: Date.now });
      return { receiver, transport, events: recordPushEvents(), producers: [producer] };
    }));
    const receivers = openReceivers(subscriptions, { resource: {}, now: Date.now, graceMs: 10_000 });
    await receivers.flush();
    await receivers.stop();
    process.on('exit', () => console.log('stopped'));
  `;
}
