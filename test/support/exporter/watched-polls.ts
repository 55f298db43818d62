import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { z } from 'zod';
import type { ScheduledFeed } from '../../../src/poll/feed-runner.ts';
import { createHttpClient } from '../../../src/poll/http/client.ts';
import { createPoller, type PollerOptions } from '../../../src/poll/poller.ts';
import type { Feed } from '../../../src/providers/api/provider.ts';
import { DEFAULT_RATES } from '../../../src/providers/index.ts';
import { openBench, settings } from '../ledger/ledger.ts';
import { testProvider } from '../providers/test-provider.ts';
import { serveOnLoopback } from './loopback.ts';

/** A received span. */
export interface SentSpan {
  readonly name: string;
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly status: { readonly code?: number | undefined; readonly message?: string | undefined };
  readonly events: readonly unknown[];
}

const Attribute = z.object({ key: z.string(), value: z.record(z.string(), z.unknown()) });
const Span = z.object({
  name: z.string(),
  kind: z.number(),
  traceId: z.string(),
  spanId: z.string(),
  parentSpanId: z.string().optional(),
  attributes: z.array(Attribute),
  status: z.object({ code: z.number().optional(), message: z.string().optional() }),
  events: z.array(z.unknown()),
});
const Resource = z.object({ attributes: z.array(Attribute) });
const Body = z.object({
  resourceSpans: z.array(
    z.object({ resource: Resource, scopeSpans: z.array(z.object({ spans: z.array(Span) })) }),
  ),
});

export interface TraceReceiver {
  readonly url: string;
  readonly headers: IncomingHttpHeaders[];
  /** Raw bodies. */
  readonly bodies: Buffer[];
  /** Spans of JSON bodies. */
  spans(): SentSpan[];
}

/** Receives spans on a loopback port until the test ends. */
export async function startTraceReceiver(
  context: TestContext,
  answer: (response: ServerResponse) => void = (response) => response.end('{}'),
): Promise<TraceReceiver> {
  const headers: IncomingHttpHeaders[] = [];
  const bodies: Buffer[] = [];
  const listener = async (request: IncomingMessage, response: ServerResponse) => {
    headers.push(request.headers);
    bodies.push(await buffer(request));
    answer(response);
  };
  const host = await serveOnLoopback(context, (request, response) => void listener(request, response));
  return {
    url: `http://${host}/v1/traces`,
    headers,
    bodies,
    spans: () => bodies.flatMap((body) => spansIn(JSON.parse(String(body)))),
  };
}

function spansIn(body: unknown): SentSpan[] {
  const scopes = Body.parse(body).resourceSpans.flatMap(({ scopeSpans }) => scopeSpans);
  return scopes
    .flatMap(({ spans }) => spans)
    .map((span) => ({
      ...span,
      parentSpanId: span.parentSpanId,
      attributes: Object.fromEntries(span.attributes.map(({ key, value }) => [key, Object.values(value)[0]])),
    }));
}

export interface WatchedPollsOptions extends Partial<Pick<PollerOptions, 'wrapPoll' | 'events'>> {
  readonly baseUrl: string;
  readonly key?: string;
  readonly timeoutMs?: number;
  /** One feed per name, which requests `/usage/NAME`. */
  readonly names?: readonly string[];
  /** Extra requests of each poll after the first, one after the other. */
  readonly pages?: number;
}

/** A poller of feeds that request a provider over real HTTP, and read nothing. */
export function pollerOf(context: TestContext, options: WatchedPollsOptions) {
  const { ledger, account } = openBench(settings());
  const client = createHttpClient({
    provider: PROVIDER,
    baseUrl: options.baseUrl,
    config: {},
    key: () => options.key ?? 'sk-key',
    timeoutMs: options.timeoutMs ?? 5000,
    now: Date.now,
    events: { answered() {}, retried() {}, rateLimit() {}, waitCut() {} },
  });
  context.after(() => client.close());
  const feeds = (options.names ?? ['usage']).map((name): ScheduledFeed => {
    const feed = feedOf(name, options.pages ?? 1);
    const labels = { provider: 'test', account: 'prod', feed: name };
    const clock = { now: Date.now, asOf: (at: number) => at };
    const where = { key: { account, feed: name }, ledger, rates: () => DEFAULT_RATES, client, config: {} };
    return { ...where, ...clock, feed, labels, schedule: feed.schedule, readsHistory: false };
  });
  const { wrapPoll } = options;
  return createPoller({
    feeds,
    events: options.events ?? QUIET,
    now: Date.now,
    random: () => 0,
    ...(wrapPoll && { wrapPoll }),
  });
}

export const QUIET: PollerOptions['events'] = {
  pollEnded() {},
  applied() {},
  drift() {},
  warned() {},
  unconverted() {},
  progress() {},
};

const PROVIDER = testProvider();

function feedOf(name: string, pages: number): Feed<unknown, unknown> {
  return {
    name,
    schedule: '0 * * * *',
    jitterMs: 0,
    plan: ({ now }) => [{ start: now, end: now }],
    async *ask(ask) {
      for (let page = 1; page <= pages; page++) {
        const query = { from: 'canary-query', page: String(page) };
        yield await ask({ path: `/usage/${name}`, query, schema: z.object({}) });
      }
    },
    reader: () => ({ add() {}, finish: () => ({ resources: [], observations: [], drift: [] }) }),
  };
}
