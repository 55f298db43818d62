import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Counter, Histogram } from 'prom-client';
import { type Exposition, parseExposition } from '../../../test/support/exposition/exposition.ts';
import { METRICS, type Metric } from '../../core/metrics/catalog.ts';
import { DRIFT_KINDS } from '../../core/statement/statement.ts';
import type { Format } from './format.ts';
import { createSelfMetrics, type SelfMetrics } from './self.ts';

const FEED = { provider: 'venice', account: 'prod', feed: 'usage' };
const ACCOUNT = { provider: 'venice', account: 'prod' };
const REASONS = ['auth', 'network', 'contract'];

function created(processMetrics = false): SelfMetrics {
  return createSelfMetrics({ version: '1.2.3', revision: 'abc', failureReasons: REASONS, processMetrics });
}

async function bytesOf(self: SelfMetrics, format: Format): Promise<Buffer> {
  return Buffer.concat((await self.render(format)).map(({ plain }) => plain));
}

async function pageOf(self: SelfMetrics, format: Format = 'text'): Promise<Exposition> {
  const bytes = await bytesOf(self, format);
  return parseExposition(format === 'text' ? bytes : Buffer.concat([bytes, Buffer.from('# EOF\n')]), format);
}

/** Everything the exporter can count, once. */
function exercise(self: SelfMetrics): void {
  self.feedSeen(FEED);
  self.pollEnded(FEED, { kind: 'succeeded', seconds: 0.2, at: 1_795_000_000_000 });
  // What asked nothing tells nothing about the feed.
  self.pollEnded(FEED, { kind: 'postponed', seconds: 0.1, at: 1_795_000_060_000 });
  self.pollEnded(FEED, { kind: 'failed', reason: 'network', seconds: 61, at: 1_795_000_060_000 });
  self.apiAnswered(ACCOUNT, 200);
  self.apiAnswered(ACCOUNT);
  self.apiRetried(ACCOUNT);
  self.rateLimitSeen(ACCOUNT, 17);
  self.drift(FEED, 'unknown_field', 3);
  self.configLoaded({ ok: true, at: 1_795_000_000_000 });
  self.configLoaded({ ok: false, at: 1_795_000_090_000 });
  self.receiverSeen('vendor', ['network', 'partial']);
  self.pushEnded('vendor', { ok: true, seconds: 0.3, at: 1_795_000_000_000 });
  self.pushEnded('vendor', { ok: false, seconds: 11, at: 1_795_000_060_000 });
  self.pushRetried('vendor');
  self.pointsTaken('vendor', 500);
  self.pointsLost('vendor', 20, 'network');
}

describe('self-metrics', () => {
  test('expose a feed at 0, without up, before its first poll', async () => {
    const self = created();
    self.feedSeen(FEED);
    self.feedSeen({ ...FEED });
    const page = await pageOf(self);
    assert.equal(page.value('ai_billing_polls_total', FEED), 0);
    for (const reason of REASONS)
      assert.equal(page.value('ai_billing_poll_failures_total', { ...FEED, reason }), 0);
    for (const kind of DRIFT_KINDS)
      assert.equal(page.value('ai_billing_contract_drift_total', { ...FEED, kind }), 0);
    assert.equal(page.value('ai_billing_poll_duration_seconds_count', FEED), 0);
    assert.equal(page.value('ai_billing_api_retries_total', ACCOUNT), 0);
    assert.equal(page.families.get('ai_billing_up'), undefined);
    assert.equal(page.families.get('ai_billing_last_success_timestamp_seconds'), undefined);
  });

  for (const format of ['text', 'openmetrics'] as const) {
    test(`count polls, requests, drift and reloads, in ${format}`, async () => {
      const self = created();
      exercise(self);
      const page = await pageOf(self, format);
      const values: [number, string, Record<string, string>][] = [
        [0, 'ai_billing_up', FEED],
        [1_795_000_000, 'ai_billing_last_success_timestamp_seconds', FEED],
        [2, 'ai_billing_polls_total', FEED],
        [1, 'ai_billing_poll_failures_total', { ...FEED, reason: 'network' }],
        [0, 'ai_billing_poll_failures_total', { ...FEED, reason: 'auth' }],
        [1, 'ai_billing_poll_duration_seconds_bucket', { ...FEED, le: '0.25' }],
        [2, 'ai_billing_poll_duration_seconds_bucket', { ...FEED, le: format === 'text' ? '120' : '120.0' }],
        [61.2, 'ai_billing_poll_duration_seconds_sum', FEED],
        [1, 'ai_billing_api_requests_total', { ...ACCOUNT, code: '200' }],
        [1, 'ai_billing_api_requests_total', { ...ACCOUNT, code: '' }],
        [1, 'ai_billing_api_retries_total', ACCOUNT],
        [17, 'ai_billing_api_rate_limit_remaining', ACCOUNT],
        [3, 'ai_billing_contract_drift_total', { ...FEED, kind: 'unknown_field' }],
        [0, 'ai_billing_config_last_reload_successful', {}],
        [1_795_000_000, 'ai_billing_config_last_reload_success_timestamp_seconds', {}],
        [0, 'ai_billing_otlp_up', { receiver: 'vendor' }],
        [1_795_000_000, 'ai_billing_otlp_last_success_timestamp_seconds', { receiver: 'vendor' }],
        [1, 'ai_billing_otlp_retries_total', { receiver: 'vendor' }],
        [500, 'ai_billing_otlp_points_total', { receiver: 'vendor' }],
        [20, 'ai_billing_otlp_undelivered_points_total', { receiver: 'vendor', reason: 'network' }],
        [0, 'ai_billing_otlp_undelivered_points_total', { receiver: 'vendor', reason: 'partial' }],
        [11.3, 'ai_billing_otlp_push_duration_seconds_sum', { receiver: 'vendor' }],
        [1, 'ai_billing_build_info', { version: '1.2.3', revision: 'abc', node_version: process.version }],
      ];
      for (const [value, name, labels] of values) assert.equal(page.value(name, labels), value, name);
    });
  }

  test('are exactly the exporter rows of the catalogue', async () => {
    const self = created();
    exercise(self);
    const { families } = await pageOf(self);
    const rows = Object.values<Metric>(METRICS).filter(({ source }) => source === 'exporter');
    assert.deepEqual([...families.keys()].sort(), rows.map(({ name }) => name).sort());
    for (const { name, type, help, labels } of rows) {
      const family = families.get(name);
      assert.deepEqual([family?.type, family?.help], [type, help]);
      const { le: _, ...shown } = family?.samples[0]?.labels ?? {};
      assert.deepEqual(Object.keys(shown).sort(), [...labels].sort());
    }
  });

  test('restore the last success after a restart', async () => {
    const self = created();
    self.restore(FEED, 1_795_000_000_500);
    assert.equal(
      (await pageOf(self)).value('ai_billing_last_success_timestamp_seconds', FEED),
      1_795_000_000.5,
    );
  });

  test('are visible in the next scrape, and rendered once without changes', async () => {
    const self = created();
    const before = await self.render('text');
    assert.equal(await self.render('text'), before);
    self.apiRetried(ACCOUNT);
    assert.equal((await pageOf(self)).value('ai_billing_api_retries_total', ACCOUNT), 1);
    assert.equal((await pageOf(self, 'openmetrics')).value('ai_billing_api_retries_total', ACCOUNT), 1);
  });

  for (const format of ['text', 'openmetrics'] as const) {
    test(`of unchanged accounts keep their lines, in ${format}`, async (context) => {
      const self = created();
      const feeds = Array.from({ length: 16 }, (_, index) => ({ ...FEED, account: `a${index}` }));
      for (const feed of feeds) self.feedSeen(feed);
      await self.render(format);
      const read: string[] = [];
      for (const metric of [Counter, Histogram]) {
        const { get } = metric.prototype;
        context.mock.method(metric.prototype, 'get', async function (this: Counter) {
          const family = await get.call(this);
          for (const { labels } of family.values)
            read.push(String(Object.entries(labels).find(([name]) => name === 'account')?.[1]));
          return family;
        });
      }
      const last = feeds.at(-1) ?? FEED;
      self.pollEnded(last, { kind: 'failed', reason: 'network', seconds: 61, at: 1_795_000_060_000 });
      const page = await pageOf(self, format);
      assert.deepEqual(new Set(read), new Set([last.account]));
      for (const feed of feeds) {
        const polls = feed === last ? 1 : 0;
        assert.equal(page.value('ai_billing_polls_total', feed), polls);
        assert.equal(page.value('ai_billing_poll_duration_seconds_count', feed), polls);
      }
    });
  }

  test('of many accounts are updated between scrapes, of few accounts by the scrape', async (context) => {
    context.mock.timers.enable({ apis: ['setTimeout'] });
    // Nothing waits for a turn of the event loop, nor is rendered again because it got old.
    context.mock.method(performance, 'now', () => 0);
    const self = created();
    const feeds = Array.from({ length: 40 }, (_, index) => ({ ...FEED, account: `a${index}` }));
    const polled = async () => {
      const { families } = await pageOf(self);
      return families.get('ai_billing_polls_total')?.samples.filter(({ value }) => value === 1).length;
    };
    for (const feed of feeds) self.pollEnded(feed, { kind: 'unavailable', seconds: 1, at: 0 });
    assert.equal(await polled(), 16);
    context.mock.timers.tick(500);
    for (let turns = 0; turns < 20; turns += 1) await nextTurn();
    self.configLoaded({ ok: true, at: 0 });
    assert.equal(await polled(), 40);
  });

  test('of many accounts are complete as text', async () => {
    const self = created();
    for (let index = 0; index < 40; index += 1) self.feedSeen({ ...FEED, account: `a${index}` });
    const { families } = parseExposition(Buffer.from(await self.text()), 'text');
    assert.equal(families.get('ai_billing_polls_total')?.samples.length, 40);
  });

  test('are rendered once for all concurrent scrapes', async () => {
    const self = created();
    exercise(self);
    const first = self.render('text');
    self.apiRetried(ACCOUNT);
    const [second, third] = [self.render('text'), self.render('text')];
    assert.notEqual(await second, await first);
    assert.equal(await second, await third);
    assert.match(
      String(Buffer.concat((await third).map(({ plain }) => plain))),
      /^ai_billing_api_retries_total\{.*\} 2$/m,
    );
  });

  test('drop a removed account, and only that', async () => {
    const self = created();
    exercise(self);
    self.feedSeen({ ...FEED, account: 'other' });
    await self.accountRemoved(ACCOUNT);
    const { families } = await pageOf(self);
    const accounts = [...families.values()].flatMap(({ samples }) =>
      samples.map(({ labels }) => labels.account),
    );
    assert.deepEqual(new Set(accounts), new Set(['other', undefined]));
    self.feedSeen(FEED);
    assert.equal((await pageOf(self)).value('ai_billing_polls_total', FEED), 0);
  });

  // prom-client strips `_total` from the names of a registry it once rendered as OpenMetrics, and doubles values that an
  // asynchronous collector refills under two scrapes at once.
  test('are equal in both formats whatever was requested before or at the same time', async () => {
    const self = created(true);
    exercise(self);
    const formats = ['text', 'openmetrics', 'text', 'openmetrics'] as const;
    const pages = await Promise.all(
      formats.map((format) => {
        self.rateLimitSeen(ACCOUNT, 17);
        return pageOf(self, format);
      }),
    );
    for (const page of pages) {
      assert.equal(page.value('ai_billing_polls_total', FEED), 2);
      assert.equal(page.value('ai_billing_poll_duration_seconds_count', FEED), 2);
      assert.ok(page.value('process_cpu_seconds_total') !== undefined);
    }
  });
});

describe('process metrics', () => {
  test('have names that promtool accepts', async () => {
    const { families } = await pageOf(created(true));
    assert.ok(families.has('process_resident_memory_bytes') && families.has('nodejs_eventloop_lag_seconds'));
    for (const { name, type } of families.values()) {
      assert.equal(name.endsWith('_total'), type === 'counter', name);
      assert.doesNotMatch(
        name,
        /counter|gauge|histogram|summary|[A-Z]|_(ms|us|ns|milliseconds|minutes|hours|days|kb|mb)(_|$)/,
      );
    }
  });
});
