import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import {
  type Exposition,
  parseExposition,
  type SampleLine,
} from '../../../test/support/exposition/exposition.ts';
import { counterFamily, createFakeSource } from '../../../test/support/providers/fake-source.ts';
import { METRICS, type Metric } from '../../core/metrics/catalog.ts';
import type { Family } from '../../core/metrics/snapshot.ts';
import type { CollectedFamily } from '../prometheus/collect.ts';
import { createPrometheusPage, type PageAnswer } from '../prometheus/page.ts';
import { createSelfMetrics } from '../prometheus/self.ts';
import { createOtelPage, type OtelPageOptions } from './page.ts';

const COUNTER = 'ai_billing_cost_usd_total';
const FEED = { provider: 'venice', account: 'prod', feed: 'usage' };
const NOTHING = { collect: async () => [] };

function open(options: Pick<OtelPageOptions, 'source'> & Partial<OtelPageOptions>) {
  const resource = { 'service.name': 'ai "billing"', 'service.instance.id': 'a-1' };
  return createOtelPage({ self: NOTHING, resource, now: Date.now, version: '1.2.3', ...options });
}

function read(answer: PageAnswer): Exposition {
  const bytes = Buffer.concat(answer.body);
  assert.equal(String(bytes.length), answer.headers['content-length']);
  assert.equal(answer.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
  const plain = answer.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes;
  return parseExposition(plain, 'text');
}

/** Values of the counter, and how many series it has. */
function counter(answer: PageAnswer) {
  const samples = read(answer).families.get(COUNTER)?.samples ?? [];
  return { values: [...new Set(samples.map(({ value }) => value))], series: samples.length };
}

const TEXTS = ['', 'a"b', 'a\\b', 'a\\nb', 'a\nb', 'Ünï→日本😀', ' a ', '{}', 'a,b="c"'];
const VALUES = [0, 0.1, 1e-12, 123456789.123456, 1e21, 2 ** 53, 0.30000000000000004, 1e-7];

/** Every family of the ledger and the feeds, twins too, with labels of any text and values of any size. */
function everyFamily(): Family[] {
  const rows = Object.values<Metric>(METRICS).filter(({ source }) => source !== 'exporter');
  return rows.flatMap((row, family) =>
    [row, ...(row.corrections ? [{ ...row, ...row.corrections }] : [])].map(
      ({ name, type, help, labels }) => {
        const samples = Array.from({ length: 600 }, (_, index) => ({
          labels: labels.map(
            (_, label) => `${TEXTS[(index + label + family) % TEXTS.length]}${label ? '' : index}`,
          ),
          value:
            (VALUES[(index + family) % VALUES.length] ?? 0) * (type === 'gauge' && index % 3 === 0 ? -1 : 1),
        }));
        return { name, type, help, labels, samples };
      },
    ),
  );
}

function polled() {
  const self = createSelfMetrics({
    version: '1',
    revision: 'a',
    failureReasons: ['auth'],
    processMetrics: false,
  });
  for (let account = 0; account < 40; account += 1) {
    const feed = { ...FEED, account: `a${account}` };
    self.pollEnded(feed, { kind: 'succeeded', seconds: account / 7, at: 1_795_000_000_500 });
    self.apiAnswered(feed, 200);
    self.rateLimitSeen(feed, 3);
    self.drift(feed, 'unknown_field');
  }
  return self;
}

/** What a page says, in an order of its own. */
function sorted({ families }: Exposition) {
  const said = [...families.values()].map(({ name, type, help, samples }) => {
    return { name, type, help, samples: samples.map(textOf).sort() };
  });
  return said.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function textOf({ name, labels, value }: SampleLine): string {
  return `${name}${JSON.stringify(Object.entries(labels).sort())} ${Object.is(value, -0) ? 0 : value}`;
}

describe('/otel/metrics', () => {
  test('has every family of /metrics, and the resource', async () => {
    const source = createFakeSource(everyFamily());
    const self = polled();
    await self.text();
    const metrics = await createPrometheusPage(source, self).answer({});
    const page = read(
      await open({ source, self }).answer({ accept: 'application/openmetrics-text;version=1.0.0' }),
    );
    const resource = { service_name: 'ai "billing"', service_instance_id: 'a-1' };
    assert.equal(page.value('target_info', resource), 1);
    const families = new Map(page.families);
    families.delete('target_info');
    const expected = parseExposition(Buffer.concat(metrics.body), 'text');
    assert.ok(expected.families.size > 50);
    assert.deepEqual(sorted({ ...page, families }), sorted(expected));
  });

  test('has each resource label once, with a valid name', async () => {
    const resource = { 'b.c': '2', b_c: '3', '1x': '4', '': '5', é: '6', __d__: '7' };
    const page = read(await open({ source: createFakeSource(), resource }).answer({}));
    const [sample] = page.families.get('target_info')?.samples ?? [];
    assert.deepEqual({ ...sample?.labels }, { _: '5;6', _1x: '4', _d_: '7', b_c: '2;3' });
  });

  test('is gzipped on request, even if it is empty', async () => {
    for (const series of [0, 1, 3000]) {
      const page = open({ source: createFakeSource([counterFamily(series, 7)]) });
      const answer = await page.answer({ acceptEncoding: 'gzip' });
      assert.equal(answer.headers['content-encoding'], 'gzip');
      assert.equal(counter(answer).series, series);
      assert.equal(counter(await page.answer({})).series, series);
    }
  });

  test('serves the previous snapshot until the next is complete, to many at once', async () => {
    const source = createFakeSource([counterFamily(3000, 1)]);
    const page = open({ source });
    const many = () =>
      Promise.all(['', 'gzip', '', 'gzip'].map((acceptEncoding) => page.answer({ acceptEncoding })));
    for (const answer of await many()) assert.deepEqual(counter(answer), { values: [1], series: 3000 });
    source.publish([counterFamily(3000, 2)]);
    source.publish([counterFamily(2000, 3)]);
    const seen: unknown[] = [];
    for (let tries = 0; tries < 500 && !seen.includes(3); tries += 1) {
      for (const answer of await many()) {
        const { values, series } = counter(answer);
        assert.ok(values.length === 1 && series === (values[0] === 3 ? 2000 : 3000));
        seen.push(values[0]);
      }
      await setTimeout(1);
    }
    assert.deepEqual([seen[0], seen.at(-1)], [1, 3]);
    (await page.answer({})).carried();
    assert.deepEqual(source.carriedVersions, [3]);
    page.close();
    assert.equal(source.listeners(), 0);
  });

  test('rejects if it cannot be rendered, and serves the last good snapshot if a newer one cannot', async () => {
    const broken = counterFamily(1, 2);
    Object.defineProperty(broken, 'samples', { get: () => assert.fail('unreadable') });
    await assert.rejects(open({ source: createFakeSource([broken]) }).answer({}), /unreadable/);
    const errors: unknown[] = [];
    const source = createFakeSource([counterFamily(1, 1)]);
    const page = open({ source, onError: (error) => errors.push(error) });
    await page.answer({});
    source.publish([broken]);
    for (let tries = 0; tries < 500 && errors.length === 0; tries += 1) await setTimeout(1);
    assert.equal(errors.length, 1);
    assert.deepEqual(counter(await page.answer({})).values, [1]);
  });

  test('rejects if the self-metrics cannot be read or are not supported', async () => {
    const source = createFakeSource([counterFamily(1, 1)]);
    const odd: CollectedFamily = {
      name: 'odd',
      type: 'summary',
      help: '.',
      values: [{ labels: {}, value: 1 }],
    };
    await assert.rejects(open({ source, self: { collect: async () => [odd] } }).answer({}), AggregateError);
    const self = { collect: () => Promise.reject(new Error('no /proc')) };
    await assert.rejects(open({ source, self }).answer({}), /no \/proc/);
  });
});
