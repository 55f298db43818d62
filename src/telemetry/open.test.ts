import assert from 'node:assert/strict';
import { channel } from 'node:diagnostics_channel';
import type { IncomingHttpHeaders, RequestListener, ServerResponse } from 'node:http';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type handleUnaryCall, Server, ServerCredentials } from '@grpc/grpc-js';
import { type Context, context, propagation, trace } from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { serveOnLoopback } from '../../test/support/exporter/loopback.ts';
import {
  pollerOf,
  QUIET,
  type SentSpan,
  startTraceReceiver,
  type TraceReceiver,
  type WatchedPollsOptions,
} from '../../test/support/exporter/watched-polls.ts';
import { createDice } from '../../test/support/ledger/property.ts';
import type { PollerEvents } from '../poll/feed-runner.ts';
import { openTransport } from '../push/open.ts';
import type { Receiver } from '../push/receiver.ts';
import { createLog } from '../runtime/log.ts';
import { openTelemetry, type Telemetry, type TraceDelivery } from './open.ts';

const KEY = 'sk-canary-7f3a';
const GRACE_MS = 5000;
const CHANNELS = ['create', 'headers', 'trailers', 'error'].map((name) => `undici:request:${name}`);

interface WatchOptions {
  readonly url: string;
  readonly sampleRatio?: number;
  readonly timeoutMs?: number;
  readonly protocol?: Receiver['protocol'];
  readonly meterProvider?: MeterProvider;
}

async function watch({ url, sampleRatio = 1, meterProvider, ...more }: WatchOptions) {
  const told: TraceDelivery[] = [];
  const receiver = { ...RECEIVER, ...more, url };
  const transport = await openTransport(receiver, 'traces', { userAgent: 'test', now: Date.now });
  const telemetry = openTelemetry({
    traces: { receiver, transport, sampleRatio, onTransition: (delivery) => told.push(delivery) },
    resource: { 'service.name': 'ai-billing-exporter' },
  });
  if (meterProvider) telemetry.measure(meterProvider);
  return { telemetry, told };
}

const RECEIVER: Omit<Receiver, 'url'> = {
  name: 'traces',
  protocol: 'http/json',
  headers: () => ({}),
  compression: 'none',
  temporality: 'cumulative',
  intervalMs: 60_000,
  timeoutMs: 10_000,
  pushTimeoutMs: 30_000,
  tls: {},
};

/** A provider that remembers what headers came. */
async function startProvider(
  context: TestContext,
  answer: RequestListener = (_, response) => response.end('{}'),
) {
  const headers: IncomingHttpHeaders[] = [];
  const host = await serveOnLoopback(context, (request, response) => {
    headers.push(request.headers);
    answer(request, response);
  });
  return { baseUrl: `http://${host}`, headers };
}

/** Polls everything once, watched, and gives what its receiver got. */
async function tracesOf(
  context: TestContext,
  options: WatchedPollsOptions,
  more: Partial<WatchOptions> = {},
) {
  const receiver = await startTraceReceiver(context);
  const { telemetry } = await watch({ url: receiver.url, ...more });
  await pollerOf(context, { key: KEY, wrapPoll: telemetry.wrapPoll, ...options }).pollAll();
  await telemetry.stop(GRACE_MS);
  return receiver;
}

const logsEnds = (telemetry: Telemetry) => {
  const lines: Record<string, unknown>[] = [];
  const log = createLog(
    { write: (line: string) => lines.push(JSON.parse(line)) },
    { context: telemetry.logFields },
  );
  const events: PollerEvents = {
    ...QUIET,
    pollEnded: ({ labels }) => log.info(labels, 'poll ended'),
  };
  return { log, lines, events };
};

const textOf = ({ bodies }: TraceReceiver) => Buffer.concat(bodies).toString('latin1');
const pollsIn = (spans: readonly SentSpan[]) => spans.filter(({ name }) => name.startsWith('poll '));
const requestsOf = (spans: readonly SentSpan[], { spanId }: SentSpan) =>
  spans.filter(({ parentSpanId }) => parentSpanId === spanId);

test('telemetry traces a poll with its requests as children, and log lines with its ids', async (context) => {
  const { baseUrl } = await startProvider(context);
  const receiver = await startTraceReceiver(context);
  const { telemetry } = await watch({ url: receiver.url });
  const { log, lines, events } = logsEnds(telemetry);
  await pollerOf(context, { baseUrl, wrapPoll: telemetry.wrapPoll, events, pages: 2 }).pollAll();
  log.info('afterwards');
  await telemetry.stop(GRACE_MS);

  const spans = receiver.spans();
  const [poll, ...others] = pollsIn(spans);
  assert.ok(poll && others.length === 0);
  assert.deepEqual([poll.name, poll.kind, poll.parentSpanId], ['poll test usage', 1, undefined]);
  assert.deepEqual(poll.attributes, {
    'ai_billing.provider': 'test',
    'ai_billing.account': 'prod',
    'ai_billing.feed': 'usage',
    'ai_billing.outcome': 'succeeded',
  });
  const requests = requestsOf(spans, poll);
  assert.equal(spans.length, 3);
  assert.deepEqual(
    requests.map(({ name, kind }) => `${name} ${kind}`),
    ['GET 3', 'GET 3'],
  );
  assert.deepEqual(new Set(spans.map(({ traceId }) => traceId)), new Set([poll.traceId]));

  assert.deepEqual(
    lines.map(({ msg, trace_id, span_id }) => [msg, trace_id, span_id]),
    [
      ['poll ended', poll.traceId, poll.spanId],
      ['afterwards', undefined, undefined],
    ],
  );
  assert.match(textOf(receiver), /"service\.name".*ai-billing-exporter/);
});

test('telemetry sends spans as protobuf, also over gRPC', async (context) => {
  const { baseUrl } = await startProvider(context);
  const { headers, bodies } = await tracesOf(context, { baseUrl }, { protocol: 'http/protobuf' });
  assert.equal(headers[0]?.['content-type'], 'application/x-protobuf');
  const called = await startGrpcReceiver(context);
  const { telemetry, told } = await watch({ url: called.url, protocol: 'grpc' });
  await pollerOf(context, { baseUrl, wrapPoll: telemetry.wrapPoll }).pollAll();
  await telemetry.stop(GRACE_MS);
  assert.deepEqual(told, []);
  for (const [body, ...others] of [bodies, called.bodies]) {
    assert.equal(others.length, 0);
    assert.match(String(body), /poll test usage/);
  }
});

/** Takes spans over gRPC on a loopback port until the test ends. */
async function startGrpcReceiver(context: TestContext) {
  const bodies: Buffer[] = [];
  const server = new Server();
  const path = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';
  const same = (bytes: Buffer) => bytes;
  const codec = { requestSerialize: same, requestDeserialize: same };
  const method = { path, requestStream: false, responseStream: false, ...codec };
  const definition = { export: { ...method, responseSerialize: same, responseDeserialize: same } };
  const take: handleUnaryCall<Buffer, Buffer> = ({ request }, answer) => {
    bodies.push(request);
    answer(null, Buffer.alloc(0));
  };
  server.addService(definition, { export: take });
  context.after(() => server.forceShutdown());
  const bind = promisify(server.bindAsync.bind(server));
  const port = await bind('127.0.0.1:0', ServerCredentials.createInsecure());
  return { bodies, url: `http://127.0.0.1:${port}` };
}

test('telemetry assigns requests to their poll, even in parallel and on shared connections', async (context) => {
  const dice = createDice();
  const { baseUrl } = await startProvider(context, async (_request, response) => {
    await sleep(5 * dice());
    response.end('{}');
  });
  const names = Array.from({ length: 30 }, (_, index) => `feed${index}`);
  const spans = (await tracesOf(context, { baseUrl, names, pages: 3 })).spans();
  const polls = pollsIn(spans);
  assert.equal(polls.length, 30);
  for (const poll of polls) {
    const paths = requestsOf(spans, poll).map(({ attributes }) => attributes['url.path']);
    assert.deepEqual(paths, Array(3).fill(`/v1/usage/${poll.attributes['ai_billing.feed']}`));
  }
});

test('telemetry marks a failed request and its poll as errors, and an answer only with its status', async (context) => {
  const answers: Record<string, (response: ServerResponse) => void> = {
    refused: (response) => response.writeHead(403).end('{"error":"canary-body"}'),
    cut: (response) => {
      response.writeHead(200, { 'content-length': 100 }).write('{"canary-body":1');
      setTimeout(() => response.destroy(), 10);
    },
    reset: (response) => response.destroy(),
    odd: (response) => response.end('{"canary-body": oops'),
    silent: () => {},
  };
  const { baseUrl } = await startProvider(context, ({ url = '' }, response) => {
    answers[new URL(url, 'http://x').pathname.slice('/v1/usage/'.length)]?.(response);
  });
  const receiver = await tracesOf(context, { baseUrl, names: Object.keys(answers), timeoutMs: 2000 });
  const spans = receiver.spans();
  const shown = pollsIn(spans).map((poll) => {
    const requests = requestsOf(spans, poll).map(({ attributes, status }) =>
      [attributes['http.response.status_code'], attributes['error.type'], status.code].join(' '),
    );
    const {
      'ai_billing.feed': feed,
      'ai_billing.reason': reason,
      'ai_billing.outcome': outcome,
    } = poll.attributes;
    return [feed, outcome, reason, poll.status.code, [...new Set(requests)].join()].join(' ');
  });
  assert.deepEqual(shown.sort(), [
    'cut failed contract 2 200 UND_ERR_SOCKET 2',
    'odd failed contract 2 200  0',
    'refused failed auth 2 403 403 2',
    'reset failed network 2  UND_ERR_SOCKET 2',
    'silent failed timeout 2   0',
  ]);
  assert.doesNotMatch(textOf(receiver), /canary/);
  assert.ok(
    spans.every(({ events }) => events.length === 0),
    'no stacks',
  );
});

test('telemetry sends no key, query or header', async (context) => {
  const { baseUrl, headers } = await startProvider(context);
  const withUser = baseUrl.replace('http://', 'http://user:canary-password@');
  const receiver = await tracesOf(context, { baseUrl: withUser });
  assert.equal(headers[0]?.authorization, `Bearer ${KEY}`);
  const text = textOf(receiver);
  assert.doesNotMatch(text, /canary|Bearer|authorization|user:|url\.query/i);
  assert.ok(text.includes(`${baseUrl}/v1/usage/usage`));
});

test('telemetry sends no trace header to providers, even if other code sets a propagator', async (context) => {
  const { baseUrl, headers } = await startProvider(context);
  let asked = 0;
  propagation.setGlobalPropagator({
    fields: () => ['traceparent'],
    extract: (current) => current,
    inject(_context: Context, carrier, setter) {
      asked += 1;
      for (const name of ['traceparent', 'tracestate', 'baggage']) setter.set(carrier, name, 'canary');
    },
  });
  context.after(() => propagation.disable());
  const receiver = await tracesOf(context, { baseUrl });
  assert.ok(asked > 0, 'the propagator was asked, and added nothing');
  for (const received of [headers, receiver.headers]) {
    assert.equal(received.length, 1);
    assert.doesNotMatch(Object.keys(received[0] ?? {}).join(), /traceparent|tracestate|baggage/);
  }
});

test('telemetry sets no propagator', async (context) => {
  const { baseUrl, headers } = await startProvider(context);
  await tracesOf(context, { baseUrl });
  assert.deepEqual(propagation.fields(), []);
  const ours = ['accept', 'accept-encoding', 'authorization', 'connection', 'host', 'user-agent'];
  assert.deepEqual(Object.keys(headers[0] ?? {}).sort(), ours);
});

test('telemetry instruments only requests of polls', async (context) => {
  const { baseUrl } = await startProvider(context);
  const receiver = await startTraceReceiver(context);
  const { meterProvider, counted } = meter();
  const { telemetry } = await watch({ url: receiver.url, meterProvider });
  await fetch(baseUrl);
  await pollerOf(context, { baseUrl }).pollAll();
  // So many spans that a batch of them is sent while a poll ends.
  const names = Array.from({ length: 60 }, (_, index) => `feed${index}`);
  await pollerOf(context, { baseUrl, names, pages: 10, wrapPoll: telemetry.wrapPoll }).pollAll();
  await telemetry.stop(GRACE_MS);
  assert.ok(receiver.bodies.length > 1);
  assert.equal(receiver.spans().length, 60 * 11);
  const [metric] = await counted();
  assert.equal(metric?.dataPoints.length, 1, 'GET from the provider');
});

/** A provider of meters that keeps what is counted, for as long as it takes. */
function meter() {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 1e6 });
  const meterProvider = new MeterProvider({ readers: [reader] });
  const counted = async () => {
    await meterProvider.shutdown();
    const all = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics);
    return all.flatMap(({ metrics }) => metrics);
  };
  return { meterProvider, counted };
}

test('telemetry measures requests by method, status and server', async (context) => {
  const { baseUrl } = await startProvider(context, ({ url = '' }, response) =>
    response.writeHead(url.includes('bad') ? 500 : 200).end('{}'),
  );
  const { meterProvider, counted } = meter();
  const names = ['a', 'b', 'bad'];
  for (const sampleRatio of [0, 1])
    await tracesOf(context, { baseUrl, names }, { meterProvider, sampleRatio });
  const [metric, ...others] = await counted();
  assert.ok(metric && others.length === 0);
  assert.deepEqual([metric.descriptor.name, metric.descriptor.unit], ['http.client.request.duration', 's']);
  const server = {
    'http.request.method': 'GET',
    'server.address': '127.0.0.1',
    'server.port': Number(new URL(baseUrl).port),
    'url.scheme': 'http',
    'network.protocol.version': '1.1',
  };
  assert.deepEqual(
    metric.dataPoints.map(({ attributes }) => attributes),
    [
      { ...server, 'http.response.status_code': 200 },
      { ...server, 'http.response.status_code': 500, 'error.type': '500' },
    ],
  );
});

test('telemetry measures requests without traces', async (context) => {
  const { baseUrl } = await startProvider(context);
  const { meterProvider, counted } = meter();
  const telemetry = openTelemetry({
    traces: undefined,
    resource: {},
  });
  telemetry.measure(meterProvider);
  const { lines, events } = logsEnds(telemetry);
  await pollerOf(context, { baseUrl, wrapPoll: telemetry.wrapPoll, events }).pollAll();
  await telemetry.stop(GRACE_MS);
  assert.equal((await counted()).length, 1);
  assert.deepEqual(
    lines.map(({ msg, trace_id }) => [msg, trace_id]),
    [['poll ended', undefined]],
  );
});

test('telemetry samples polls with all of their requests; log lines of others have no ids', async (context) => {
  const { baseUrl } = await startProvider(context);
  const receiver = await startTraceReceiver(context);
  const { telemetry } = await watch({ url: receiver.url, sampleRatio: 0.5 });
  const { lines, events } = logsEnds(telemetry);
  const names = Array.from({ length: 200 }, (_, index) => `feed${index}`);
  await pollerOf(context, { baseUrl, names, wrapPoll: telemetry.wrapPoll, events }).pollAll();
  await telemetry.stop(GRACE_MS);
  const polls = pollsIn(receiver.spans());
  assert.ok(polls.length > 50 && polls.length < 150, `${polls.length}`);
  assert.equal(receiver.spans().length, 2 * polls.length);
  const withIds = lines.flatMap(({ feed, trace_id }) => (trace_id === undefined ? [] : [feed]));
  assert.deepEqual(withIds.sort(), polls.map(({ attributes }) => attributes['ai_billing.feed']).sort());
});

test('telemetry delays no poll while the receiver hangs, and stop by at most its grace', async (context) => {
  const { baseUrl } = await startProvider(context);
  const receiver = await startTraceReceiver(context, () => {});
  const { telemetry, told } = await watch({ url: receiver.url, timeoutMs: 60_000 });
  const poller = pollerOf(context, { baseUrl, wrapPoll: telemetry.wrapPoll });
  for (let polls = 0; polls < 300; polls++) {
    assert.ok((await poller.pollAll()).every(({ kind }) => kind === 'succeeded'));
  }
  const before = performance.now();
  await telemetry.stop(100);
  assert.ok(performance.now() - before < 1000);
  assert.deepEqual(
    told.map((delivery) => !delivery.ok && delivery.reason),
    ['timeout'],
  );
});

test('telemetry bounds the queue of a receiver that hangs: it drops the newest spans', async (context) => {
  let hang: (response: ServerResponse) => void = () => {};
  const receiver = await startTraceReceiver(context, (response) => hang(response));
  const { telemetry, told } = await watch({ url: receiver.url, timeoutMs: 1500 });
  const labels = { provider: 'test', account: 'prod', feed: 'usage' };
  for (let polls = 0; polls < 6000; polls++) {
    await telemetry.wrapPoll(
      { labels },
      async () => ({ kind: 'succeeded' }) as const,
      new AbortController().signal,
    );
  }
  while (told.length === 0) await sleep(10);
  const before = receiver.spans().length;
  hang = (response) => response.end('{}');
  await telemetry.stop(GRACE_MS);
  const kept = receiver.spans().length - before;
  // How many batches are given up before it answers is up to the machine.
  assert.ok(kept > 0 && kept <= 2048 + 512, `${kept} of 6000: the queue, and a batch under way`);
});

test('telemetry drops the spans for a receiver that is down, and reports it once', async (context) => {
  const { baseUrl } = await startProvider(context);
  const { telemetry, told } = await watch({ url: 'http://127.0.0.1:1/v1/traces', timeoutMs: 100 });
  await pollerOf(context, { baseUrl, wrapPoll: telemetry.wrapPoll }).pollAll();
  await telemetry.stop(GRACE_MS);
  assert.deepEqual(
    told.map((delivery) => !delivery.ok && delivery.reason),
    ['network'],
  );
});

test('telemetry leaves nothing in the process after stop', async (context) => {
  const { baseUrl } = await startProvider(context);
  assert.deepEqual(leftovers(), [], 'nor was anything before');
  for (let round = 0; round < 2; round++) {
    const receiver = await startTraceReceiver(context);
    const { telemetry } = await watch({ url: receiver.url });
    assert.notDeepEqual(leftovers(), []);
    await pollerOf(context, { baseUrl, wrapPoll: telemetry.wrapPoll }).pollAll();
    await telemetry.stop(GRACE_MS);
    assert.equal(receiver.spans().length, 2);
    assert.deepEqual(leftovers(), []);
  }
});

test('telemetry instances in one process ignore the polls of each other', async (context) => {
  const receivers = [await startTraceReceiver(context), await startTraceReceiver(context)];
  const opened = await Promise.all(receivers.map(async ({ url }) => (await watch({ url })).telemetry));
  const { baseUrl } = await startProvider(context);
  for (const [index, { wrapPoll }] of opened.entries()) {
    await pollerOf(context, { baseUrl, wrapPoll, names: [`feed${index}`] }).pollAll();
  }
  for (const telemetry of opened.toReversed()) await telemetry.stop(GRACE_MS);
  assert.deepEqual(
    receivers.map((receiver) => receiver.spans().map(({ name }) => name)),
    [
      ['GET', 'poll test feed0'],
      ['GET', 'poll test feed1'],
    ],
  );
});

/** What the process is changed by. */
function leftovers(): string[] {
  const manager = context.with(trace.setSpanContext(context.active(), NOWHERE), () =>
    trace.getSpanContext(context.active()) === undefined ? [] : ['context manager'],
  );
  const subscribed = CHANNELS.filter((name) => channel(name).hasSubscribers);
  const tracer = trace.getTracer('test').startSpan('x').isRecording() ? ['tracer'] : [];
  return [...manager, ...subscribed, ...tracer, ...propagation.fields()];
}

const NOWHERE = { traceId: '0'.repeat(31).concat('1'), spanId: '0'.repeat(15).concat('1'), traceFlags: 1 };
