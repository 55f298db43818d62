import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { JsonMetricsSerializer } from '@opentelemetry/otlp-transformer';
import { AggregationTemporality, InstrumentType, type ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { type Answer, startOtlpReceiver } from '../../test/support/otlp/otlp-receiver.ts';
import {
  counterOf,
  countersOf,
  metricsWith,
  pointsOf,
  receiverAt,
  recordPushEvents,
  stillClock,
} from '../../test/support/otlp/pushing.ts';
import { createPushExporter, type PushExporterOptions } from './exporter.ts';
import { createHttpTransport } from './http.ts';
import type { Receiver } from './receiver.ts';

const NOW = Date.parse('2027-01-10T12:00:00Z');
const HOUR = 3_600_000;
const SOME_REJECTED = partial(3);
const ALL_REJECTED = partial(500);

test('push is sent in batches, and reports the identical points as accepted', async (context) => {
  const { push, pushes, heard } = await exporterTo(context, []);
  const metrics = countersOf(700, 0, 450, 1);
  assert.deepEqual(await push(metrics), { code: 0 });
  assert.deepEqual(
    pushes.map(({ metrics: families }) => families.reduce((sum, { points }) => sum + points.length, 0)),
    [500, 500, 151],
  );
  const given = pointsOf(metrics);
  assert(heard.told.every((point, index) => point === given[index]));
  assert.equal(heard.told.length, 1151);
  assert.deepEqual(heard.ends, [{ ok: true, at: NOW, seconds: 0, accepted: 1151, lost: 0 }]);
  assert.deepEqual([heard.losses, heard.retries], [[], 0]);
});

test('empty push sends nothing and succeeds', async (context) => {
  const { push, pushes, heard } = await exporterTo(context, []);
  assert.deepEqual(await push(countersOf(0)), { code: 0 });
  assert.equal(pushes.length, 0);
  assert.deepEqual(heard.ends, [{ ok: true, at: NOW, seconds: 0, accepted: 0, lost: 0 }]);
});

test('push retries the same batch when the receiver says so, not earlier', async (context) => {
  const { push, pushes, heard, clock } = await exporterTo(context, [
    { status: 429, headers: { 'retry-after': '3' } },
    { status: 503, headers: { 'retry-after': 'Sun, 10 Jan 2027 12:00:07 GMT' } },
  ]);
  await push(countersOf(2));
  assert.deepEqual(clock.waits, [3000, 4000]);
  assert.deepEqual(pushes[2]?.metrics, pushes[0]?.metrics);
  assert.deepEqual([pushes.length, heard.retries, heard.losses], [3, 2, []]);
  assert.deepEqual(heard.ends, [{ ok: true, at: NOW + 7000, seconds: 7, accepted: 2, lost: 0 }]);
});

test('push backs off exponentially with jitter until the request times out, and drops the rest', async (context) => {
  const answers = Array.from({ length: 9 }, (_, index) => ({ status: index === 0 ? 200 : 503 }));
  const dice = [0, 0.75, 0.5, 0.5, 0.5];
  const random = () => dice.shift() ?? assert.fail('no die left');
  const { push, pushes, heard, clock } = await exporterTo(context, answers, { random });
  assert.equal((await push(countersOf(1200))).code, 1);
  assert.deepEqual(clock.waits, [800, 1650, 2250, 3375]);
  assert.deepEqual([pushes.length, heard.retries, heard.told.length], [6, 4, 500]);
  assert.deepEqual(heard.losses, [
    [500, 'server'],
    [200, 'server'],
  ]);
  assert.partialDeepStrictEqual(heard.ends, [
    { ok: false, accepted: 500, lost: 700, reason: 'server', message: '503 Service Unavailable' },
  ]);
});

test('push ends at a pause beyond its timeout, and no push is sent during the pause', async (context) => {
  const { push, pushes, heard, clock } = await exporterTo(context, [
    { status: 429, headers: { 'retry-after': '120' } },
  ]);
  await push(countersOf(2));
  assert.deepEqual(clock.waits, []);
  await clock.wait(119_999);
  await push(countersOf(2));
  assert.equal(pushes.length, 1);
  await clock.wait(1);
  await push(countersOf(2));
  assert.equal(pushes.length, 2);
  assert.deepEqual(heard.losses, [
    [2, 'rate_limited'],
    [2, 'rate_limited'],
  ]);
  assert.deepEqual(
    heard.ends.map(({ ok, message }) => [ok, message]),
    [
      [false, '429 Too Many Requests'],
      [false, 'not sent: the receiver asked for a pause until 2027-01-10T12:02:00.000Z'],
      [true, undefined],
    ],
  );
});

test('push is sent to a receiver that asked for no pause, however soon', async (context) => {
  const { push, pushes, heard } = await exporterTo(context, [{ status: 503 }], {}, { timeoutMs: 500 });
  await push(countersOf(2));
  await push(countersOf(2));
  assert.equal(pushes.length, 2);
  assert.deepEqual(
    heard.ends.map(({ ok }) => ok),
    [false, true],
  );
});

test('push accepts a pause as Unix seconds or milliseconds', async (context) => {
  for (const unit of [1000, 1]) {
    const { push, pushes, clock } = await exporterTo(context, [
      { status: 503, headers: { 'retry-after': String((NOW + 120_000) / unit) } },
    ]);
    await push(countersOf(1));
    await clock.wait(119_999);
    await push(countersOf(1));
    assert.equal(pushes.length, 1);
    await clock.wait(1);
    await push(countersOf(1));
    assert.equal(pushes.length, 2);
  }
});

test('push limits a pause to an hour', async (context) => {
  const { push, pushes, clock } = await exporterTo(context, [
    { status: 503, headers: { 'retry-after': '99999999999999999999' } },
  ]);
  await push(countersOf(1));
  await clock.wait(HOUR - 1);
  await push(countersOf(1));
  assert.equal(pushes.length, 1);
  await clock.wait(1);
  await push(countersOf(1));
  assert.equal(pushes.length, 2);
});

test('push limits the time of all its requests', async (context) => {
  const answers = [{ status: 503 }, {}, { status: 503 }];
  const { push, pushes, heard } = await exporterTo(context, answers, {}, { pushTimeoutMs: 1500 });
  await push(countersOf(1100));
  assert.equal(pushes.length, 3);
  assert.partialDeepStrictEqual(heard.ends, [{ seconds: 1, accepted: 500, lost: 600, reason: 'server' }]);
});

test('push drops the rest if the receiver refuses the exporter', async (context) => {
  for (const [status, reason] of [
    [401, 'auth'],
    [404, 'refused'],
    [500, 'server'],
    [301, 'refused'],
  ] as const) {
    const { push, pushes, heard } = await exporterTo(context, [{}, { status }]);
    await push(countersOf(1700));
    assert.deepEqual([pushes.length, heard.told.length], [2, 500]);
    assert.deepEqual(heard.losses, [
      [500, reason],
      [700, reason],
    ]);
    // The next push tries again.
    await push(countersOf(1));
    assert.equal(pushes.length, 3);
  }
});

test('push sends the other batches if the receiver refuses the content of one', async (context) => {
  for (const status of [400, 413]) {
    const { push, pushes, heard } = await exporterTo(context, [{}, { status }]);
    await push(countersOf(1200));
    assert.deepEqual([pushes.length, heard.told.length], [3, 700]);
    assert.deepEqual(heard.losses, [[500, 'refused']]);
    assert.partialDeepStrictEqual(heard.ends, [{ ok: false, accepted: 700, lost: 500, reason: 'refused' }]);
  }
});

test('push reports a partly rejected batch as accepted, a completely rejected one as lost', async (context) => {
  const { push, pushes, heard } = await exporterTo(context, [SOME_REJECTED, ALL_REJECTED, partial(99_999)]);
  const metrics = countersOf(1600);
  await push(metrics);
  assert.equal(pushes.length, 4);
  const given = pointsOf(metrics);
  assert.deepEqual(new Set(heard.told), new Set([...given.slice(0, 500), ...given.slice(1500)]));
  assert.deepEqual(heard.losses, [
    [3, 'partial'],
    [500, 'partial'],
    [500, 'partial'],
  ]);
  assert.partialDeepStrictEqual(heard.ends, [
    { ok: false, accepted: 597, lost: 1003, reason: 'partial', message: 'too old' },
  ]);
});

test('push is carried once every request is answered and some points are accepted', async (context) => {
  const carries = async (answers: readonly Answer[], points: number) => {
    const { push, heard } = await exporterTo(context, answers);
    await push(countersOf(points));
    return heard.carries;
  };
  for (const answers of [[], [SOME_REJECTED], [ALL_REJECTED], [{ status: 400 }]])
    assert.equal(await carries(answers, 700), 1);
  assert.equal(await carries([ALL_REJECTED], 500), 0);
  for (const status of [400, 401]) assert.equal(await carries([{ status }], 500), 0);
  for (const status of [401, 404, 500]) assert.equal(await carries([{}, { status }], 1200), 0);
});

test('push does not take longer after the clock is set back', async (context) => {
  const wait = (_ms: number, signal: AbortSignal): Promise<void> => {
    clock.waits.push(-HOUR);
    return sleep(2 ** 30, undefined, { signal });
  };
  const { push, heard, clock } = await exporterTo(
    context,
    [{ status: 503 }],
    { wait },
    { pushTimeoutMs: 1500 },
  );
  await push(countersOf(2));
  assert.partialDeepStrictEqual(heard.ends, [{ ok: false, seconds: 0, lost: 2, reason: 'server' }]);
});

test('push reports a remark of the receiver on a success', async (context) => {
  const { push, heard } = await exporterTo(context, [partial(0)]);
  await push(countersOf(1));
  assert.partialDeepStrictEqual(heard.ends, [{ ok: true, lost: 0, message: 'too old' }]);
});

test('push to a receiver that hangs takes the time of one request', async (context) => {
  const { push, pushes, heard } = await exporterTo(context, [HANGING], {}, { timeoutMs: 80 });
  const begun = performance.now();
  await push(countersOf(900));
  assert(performance.now() - begun < 5000);
  assert.equal(pushes.length, 1);
  assert.partialDeepStrictEqual(heard.ends, [{ accepted: 0, lost: 900, reason: 'timeout' }]);
});

test('push fails at once while another is running', async (context) => {
  const { push, pushes, heard, next } = await exporterTo(context, [HANGING, {}], {}, { timeoutMs: 900 });
  const first = push(countersOf(10));
  await next();
  assert.equal((await push(countersOf(7))).code, 1);
  assert.deepEqual(heard.losses, [[7, 'timeout']]);
  await first;
  assert.equal(pushes.length, 1);
});

test('push drops a point that is larger than a request may be, and sends the others', async (context) => {
  const { push, pushes, heard } = await exporterTo(context, [], { batchBytes: 10_000 });
  const metrics = metricsWith([counterOf(40), counterOf(1, 1, { a: 'x'.repeat(10_000) }), counterOf(40, 2)]);
  await push(metrics);
  assert.deepEqual([heard.told.length, heard.losses], [80, [[1, 'refused']]]);
  assert(pushes.every(({ bytes }) => bytes <= 10_000));
  const [end] = heard.ends;
  assert.equal(end?.message, 'a point is larger than a request may be');
});

test('push ends if a listener throws, and the next push succeeds', async (context) => {
  let full = true;
  const events = recordPushEvents();
  const accepted = () => {
    if (full) throw new Error('disk full');
  };
  const { push } = await exporterTo(context, [], { events: { ...events, accepted } });
  assert.equal((await push(countersOf(3))).code, 1);
  assert.partialDeepStrictEqual(events.ends, [{ ok: false, message: 'internal error: Error: disk full' }]);
  full = false;
  assert.deepEqual(await push(countersOf(3)), { code: 0 });
});

test('push continues after a listener throws at the end of another', async (context) => {
  let full = true;
  const ended = () => {
    if (full) throw new Error('disk full');
  };
  const { push } = await exporterTo(context, [], { events: { ...recordPushEvents(), ended } });
  assert.equal((await push(countersOf(3))).code, 1);
  full = false;
  assert.deepEqual(await push(countersOf(3)), { code: 0 });
});

test('shutdown ends a wait at once, and no push is sent afterwards', async (context) => {
  const waiting = Promise.withResolvers<void>();
  const wait = (ms: number, signal: AbortSignal) => {
    waiting.resolve();
    return sleep<void>(ms, undefined, { signal });
  };
  const answer = { status: 503, headers: { 'retry-after': '9' } };
  const { push, pushes, exporter, heard } = await exporterTo(context, [answer], { wait });
  const pushing = push(countersOf(5));
  await waiting.promise;
  const begun = performance.now();
  await exporter.shutdown();
  await pushing;
  assert(performance.now() - begun < 5000);
  assert.partialDeepStrictEqual(heard.ends, [{ lost: 5, reason: 'server' }]);
  assert.equal((await push(countersOf(5))).code, 1);
  assert.equal(pushes.length, 1);
  assert.equal(heard.ends.length, 1);
});

test('shutdown aborts a push that hangs, and sends no other', async (context) => {
  const { push, pushes, exporter, next, heard } = await exporterTo(context, [HANGING]);
  const pushing = push(countersOf(700));
  await next();
  await Promise.all([exporter.shutdown(), pushing, exporter.forceFlush(), exporter.shutdown()]);
  assert.deepEqual(
    [pushes.length, heard.told, heard.losses],
    [1, [], [500, 200].map((lost) => [lost, 'timeout'])],
  );
});

test('push exporter selects the temporality of the specification', async (context) => {
  const { DELTA } = AggregationTemporality;
  for (const [temporality, expected] of [
    ['cumulative', []],
    ['delta', ['COUNTER', 'HISTOGRAM', 'OBSERVABLE_COUNTER']],
    ['lowmemory', ['COUNTER', 'HISTOGRAM']],
  ] as const) {
    const { exporter } = await exporterTo(context, [], {}, { temporality });
    const differing = Object.values(InstrumentType).filter(
      (instrument) => exporter.selectAggregationTemporality?.(instrument) === DELTA,
    );
    assert.deepEqual(differing, expected);
  }
});

const HANGING = new Promise<Answer>(() => {});

function partial(rejected: number): Answer {
  const partialSuccess = { rejectedDataPoints: `${rejected}`, errorMessage: 'too old' };
  return { body: JSON.stringify({ partialSuccess }) };
}

/** An exporter whose receiver gives these answers, then takes everything. */
async function exporterTo(
  context: TestContext,
  answers: readonly (Answer | Promise<Answer>)[],
  changes: Partial<PushExporterOptions> = {},
  settings: Partial<Receiver> = {},
) {
  const script = [...answers];
  const answer = () => script.shift() ?? {};
  const { url, pushes, next } = await startOtlpReceiver(context, { protocol: 'http/json', answer });
  const receiver = receiverAt(url, { protocol: 'http/json', ...settings });
  const heard = recordPushEvents();
  const clock = stillClock(NOW);
  const { now, wait } = clock;
  const transport = createHttpTransport(receiver, { userAgent: 'test/1', now });
  const serializer = JsonMetricsSerializer;
  const random = () => 0.5;
  const options = { receiver, transport, serializer, events: heard, now, wait, random, ...changes };
  const exporter = createPushExporter(options);
  context.after(() => exporter.shutdown());
  const push = (metrics: ResourceMetrics) =>
    new Promise<{ code: number }>((resolve) => exporter.export(metrics, resolve));
  return { push, pushes, next, heard, clock, exporter };
}
