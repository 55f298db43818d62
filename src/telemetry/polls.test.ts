import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { context, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { type PollEnd, tracePolls } from './polls.ts';

const VENICE = { labels: { provider: 'venice', account: 'prod', feed: 'usage' } };
const RUNNING = new AbortController().signal;
const DONE: PollEnd = { kind: 'succeeded' };

function bench(testContext: TestContext) {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  testContext.after(() => context.disable());
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  const isPolling = Symbol('polling');
  const wrapPoll = tracePolls(provider.getTracer('test'), isPolling);
  return { wrapPoll, isPolling, spans: () => exporter.getFinishedSpans() };
}

test('poll span has the outcome of the poll', async (testContext) => {
  const { wrapPoll, spans } = bench(testContext);
  const failure = {
    kind: 'failed',
    reason: 'auth',
    message: 'GET /usage answered 403',
    isBug: false,
  } as const;
  const ends: [PollEnd, string, string | undefined, string | undefined][] = [
    [DONE, 'succeeded', undefined, undefined],
    [{ kind: 'postponed' }, 'postponed', undefined, undefined],
    [{ ...failure, kind: 'unavailable' }, 'switched_off', 'auth', undefined],
    [failure, 'failed', 'auth', 'GET /usage answered 403'],
    [{ ...failure, isBug: true, message: 'canary is undefined' }, 'failed', 'auth', 'internal error'],
  ];
  for (const [end] of ends) assert.equal(await wrapPoll(VENICE, async () => end, RUNNING), end);
  for (const [index, [, outcome, reason, message]] of ends.entries()) {
    const { name, attributes, status } = spans()[index] ?? assert.fail();
    assert.equal(name, 'poll venice usage');
    assert.equal(attributes['ai_billing.outcome'], outcome);
    assert.equal(attributes['ai_billing.reason'], reason);
    const code = message === undefined ? SpanStatusCode.UNSET : SpanStatusCode.ERROR;
    assert.deepEqual(status, message === undefined ? { code } : { code, message });
  }
});

test('poll span of a poll aborted by shutdown is not an error', async (testContext) => {
  const { wrapPoll, spans } = bench(testContext);
  const stopped: PollEnd = { kind: 'failed', reason: 'contract', message: 'stopping', isBug: true };
  await wrapPoll(VENICE, async () => stopped, AbortSignal.abort());
  const [span] = spans();
  assert.equal(span?.attributes['ai_billing.outcome'], 'abandoned');
  assert.equal(span.attributes['ai_billing.reason'], undefined);
  assert.equal(span.status.code, SpanStatusCode.UNSET);
});

test('poll span is always a root span', async (testContext) => {
  const { wrapPoll, spans } = bench(testContext);
  await wrapPoll(VENICE, () => wrapPoll(VENICE, async () => DONE, RUNNING), RUNNING);
  const [inner, outer] = spans();
  assert.ok(inner && outer);
  assert.equal(inner.parentSpanContext, undefined);
  assert.notEqual(inner.spanContext().traceId, outer.spanContext().traceId);
});

test('poll runs in the marked context of its span', async (testContext) => {
  const { wrapPoll, isPolling, spans } = bench(testContext);
  const seen = () => [context.active().getValue(isPolling), trace.getActiveSpan()?.spanContext().spanId];
  let within: unknown;
  const poll = async () => {
    await new Promise(setImmediate);
    within = seen();
    return DONE;
  };
  await wrapPoll(VENICE, poll, RUNNING);
  assert.deepEqual(within, [true, spans()[0]?.spanContext().spanId]);
  assert.deepEqual(seen(), [undefined, undefined]);
  await assert.rejects(
    wrapPoll(VENICE, () => Promise.reject(new Error('a bug')), RUNNING),
    /a bug/,
  );
  assert.equal(spans().length, 2, 'it ends whatever happens');
});
