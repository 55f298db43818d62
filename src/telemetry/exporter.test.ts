import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { emptyResource } from '@opentelemetry/resources';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';
import { HOUR, SECOND } from '../core/values/time.ts';
import type { SendResult } from '../push/transport.ts';
import { createSpanExporter, type SpanExporterOptions, type TraceDelivery } from './exporter.ts';

const TAKEN: SendResult = { kind: 'accepted', rejected: 0, message: '' };
const again = (retryAfterMs?: number): SendResult => ({
  kind: 'retryable',
  reason: 'server',
  message: 'answered 503',
  retryAfterMs,
});

const SPAN: ReadableSpan = {
  name: 'poll',
  kind: SpanKind.INTERNAL,
  spanContext: () => ({
    traceId: '0123456789abcdef0123456789abcdef',
    spanId: '0123456789abcdef',
    traceFlags: 1,
  }),
  startTime: [1, 0],
  endTime: [2, 0],
  duration: [1, 0],
  status: { code: SpanStatusCode.UNSET },
  attributes: {},
  links: [],
  events: [],
  ended: true,
  resource: emptyResource(),
  instrumentationScope: { name: 'test' },
  droppedAttributesCount: 0,
  droppedEventsCount: 0,
  droppedLinksCount: 0,
};

/** An exporter whose receiver answers as the list says, then takes all, on a clock that only waits move. */
function bench(answers: SendResult[], more: Partial<SpanExporterOptions> = {}) {
  let now = 0;
  const sentAt: number[] = [];
  const bodies: Buffer[] = [];
  const told: TraceDelivery[] = [];
  const exporter = createSpanExporter({
    transport: {
      async send(body) {
        sentAt.push(now);
        bodies.push(Buffer.from(body));
        return answers.shift() ?? TAKEN;
      },
      close: async () => {},
    },
    receiver: { protocol: 'http/protobuf', timeoutMs: 10 * SECOND },
    random: () => 0.5,
    now: () => now,
    wait: async (ms) => {
      now += ms;
    },
    onTransition: (delivery) => told.push(delivery),
    signal: new AbortController().signal,
    ...more,
  });
  return { exporter, sentAt, bodies, told, sleep: (ms: number) => (now += ms) };
}

const exported = (exporter: SpanExporter, spans = [SPAN]) =>
  new Promise<void>((resolve) => exporter.export(spans, () => resolve()));

test('span exporter encodes by the protocol', async () => {
  for (const protocol of ['http/json', 'http/protobuf', 'grpc'] as const) {
    const { exporter, bodies } = bench([], { receiver: { protocol, timeoutMs: SECOND } });
    await exported(exporter);
    assert.equal(bodies[0]?.[0] === '{'.charCodeAt(0), protocol === 'http/json', protocol);
    assert.match(String(bodies[0]), /poll/);
  }
});

test('span exporter retries with backoff until the timeout', async () => {
  const { exporter, sentAt, told } = bench([again(), again(), again(), again(), again()]);
  await exported(exporter);
  assert.deepEqual(sentAt, [0, 1000, 2500, 4750, 8125]);
  assert.deepEqual(told, [{ ok: false, reason: 'server', message: 'answered 503' }]);
});

test('span exporter sends nothing during a pause, and drops a batch that cannot wait that long', async () => {
  const { exporter, sentAt, told, sleep } = bench([again(3 * SECOND), TAKEN, again(60 * SECOND)]);
  await exported(exporter);
  assert.deepEqual(sentAt, [0, 3000]);
  await exported(exporter);
  await exported(exporter);
  assert.deepEqual(sentAt, [0, 3000, 3000], 'given up at once, and the next one was not sent');
  sleep(55 * SECOND);
  await exported(exporter);
  assert.deepEqual(sentAt.at(-1), 63_000, 'the next one that can wait does');
  await exported(exporter);
  assert.deepEqual(sentAt.length, 5, 'and then none has to');
  assert.deepEqual(
    told.map(({ ok }) => ok),
    [false, true],
  );
});

test('span exporter limits a pause to an hour', async () => {
  const { exporter, sentAt, sleep } = bench([again(1000 * HOUR)]);
  await exported(exporter);
  sleep(HOUR - 20 * SECOND);
  await exported(exporter);
  assert.equal(sentAt.length, 1);
  sleep(20 * SECOND);
  await exported(exporter);
  assert.deepEqual(sentAt, [0, HOUR]);
});

test('span exporter does not retry a refusal', async () => {
  const refused: SendResult = { kind: 'refused', reason: 'auth', message: 'answered 401' };
  const { exporter, sentAt } = bench([refused]);
  await exported(exporter);
  assert.equal(sentAt.length, 1);
});

test('span exporter reports each change of reason, and recovery, once', async () => {
  const refused = (reason: 'auth' | 'refused'): SendResult => ({ kind: 'refused', reason, message: reason });
  const partial: SendResult = { kind: 'accepted', rejected: 2, message: 'too old' };
  const answers = [refused('auth'), refused('auth'), refused('refused'), TAKEN, TAKEN, partial, partial];
  const { exporter, told } = bench([...answers]);
  for (const _ of answers) await exported(exporter);
  assert.deepEqual(told, [
    { ok: false, reason: 'auth', message: 'auth' },
    { ok: false, reason: 'refused', message: 'refused' },
    { ok: true },
    { ok: false, reason: 'partial', message: '2 spans were refused: too old' },
  ]);
});

test('span exporter drops and reports spans that cannot be encoded', async () => {
  const { exporter, told, sentAt } = bench([]);
  const broken: ReadableSpan = {
    ...SPAN,
    spanContext: () => assert.fail('broken'),
  };
  await exported(exporter, [broken]);
  assert.deepEqual(told, [{ ok: false, reason: 'refused', message: 'spans could not be encoded' }]);
  await exported(exporter);
  assert.equal(sentAt.length, 1);
});

test('span exporter shuts down after running exports, then closes its transport', async () => {
  const order: string[] = [];
  const answer = Promise.withResolvers<SendResult>();
  const { exporter } = bench([], {
    transport: {
      send: () => answer.promise,
      close: async () => void order.push('closed'),
    },
  });
  const sending = exported(exporter).then(() => order.push('ended'));
  const shutdown = exporter.shutdown();
  answer.resolve(TAKEN);
  await Promise.all([sending, shutdown]);
  assert.deepEqual(order, ['ended', 'closed']);
});

test('span exporter drops a batch at the timeout, and when the signal aborts', {
  timeout: 5000,
}, async () => {
  const hanging = (_body: Uint8Array, signal: AbortSignal) =>
    new Promise<SendResult>((resolve) => signal.addEventListener('abort', () => resolve(again())));
  const transport = { send: hanging, close: async () => {} };
  const late = bench([], { transport, receiver: { protocol: 'grpc', timeoutMs: 20 }, now: Date.now });
  await exported(late.exporter);
  assert.equal(late.told.length, 1);
  const stopping = new AbortController();
  const stopped = bench([], { transport, signal: stopping.signal });
  const pending = exported(stopped.exporter);
  stopping.abort();
  await pending;
  assert.equal(stopped.told.length, 1);
});
