import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { METRICS } from '../src/core/metrics/catalog.ts';
import { cleanLabel } from '../src/core/values/label.ts';
import { DAY } from '../src/core/values/time.ts';
import type { Status } from '../src/server/pages/status.ts';
import { statusPage } from '../src/server/pages/status-page.ts';
import { createPrometheusPage } from '../src/sinks/prometheus/page.ts';
import { type Exposition, parseExposition } from './support/exposition/exposition.ts';
import { cost, openBench, settings, statement, utc } from './support/ledger/ledger.ts';
import { assertAsyncProperty, assertProperty } from './support/ledger/property.ts';
import { createFakeSource } from './support/providers/fake-source.ts';
import { fuzzString } from './support/providers/fuzz-strings.ts';

/** 10,000 of each, so many at a time. */
const RUNS = 40;
const EACH = 250;

const NOW = utc('2026-11-22T09:30');
const TODAY = utc('2026-11-22');

interface Names {
  readonly resource: string;
  readonly model: string;
  readonly tier: string;
}

const Labels = fc.record({ resource: fuzzString(), model: fuzzString(), tier: fuzzString(2) });

/** The page of a ledger in which each label set costs its number in dollars. */
async function pageOf(labels: readonly Names[], accept: string): Promise<Buffer> {
  const bench = openBench(settings({ granularities: ['day'] }));
  const lines = labels.map((names, index) => cost(TODAY, names.resource, index + 1, names));
  const resources = labels.map(({ resource, model, tier }) => ({ resource, name: model, kind: tier }));
  bench.apply(statement('day', { start: utc('2026-10-01'), end: TODAY + DAY }, NOW, lines), NOW, resources);
  const page = createPrometheusPage(createFakeSource(bench.ledger.publish(NOW).families), {
    render: async () => [],
  });
  const { body } = await page.answer({ accept });
  page.close();
  return Buffer.concat(body);
}

describe('hostile labels', () => {
  test('appear unchanged on /metrics in both formats', async () => {
    const Sets = fc.array(Labels, { minLength: EACH, maxLength: EACH });
    await assertAsyncProperty(
      fc.asyncProperty(Sets, async (sets) => {
        // A resource of its own for each, so that nothing is added up.
        const labels = sets.map((names, index) => ({ ...names, resource: `${index} ${names.resource}` }));
        const text = parseExposition(await pageOf(labels, 'text/plain'), 'text');
        const open = parseExposition(await pageOf(labels, 'application/openmetrics-text'), 'openmetrics');
        for (const exposition of [text, open]) assertHolds(exposition, labels);
      }),
      { numRuns: RUNS, endOnFailure: true },
    );
  });
});

function assertHolds(exposition: Exposition, labels: readonly Names[]): void {
  const { name } = METRICS.costToday;
  for (const [index, { resource, model, tier }] of labels.entries()) {
    const [shown, ofModel, ofTier] = [resource, model, tier].map(cleanLabel);
    const all = { resource: shown ?? '', model: ofModel ?? '', tier: ofTier ?? '' };
    const value = exposition.value(name, { provider: 'test', account: 'prod', currency: 'USD', ...all });
    assert.equal(value, index + 1, JSON.stringify(all));
  }
  assert.equal(exposition.families.get(name)?.samples.length, labels.length);
}

/** A status with these texts in every text field. */
function statusOf(texts: Iterable<string>): Status {
  const at = '2026-11-22T02:15:05.000Z';
  const rest = texts[Symbol.iterator]();
  const text = () => rest.next().value ?? '';
  const range = () => ({ start: at, end: at, reason: text(), message: text() });
  const failure = (reason: string) => ({ reason, message: text(), hint: text(), at });
  const feed = () => ({
    ...{
      name: text(),
      up: false,
      lastSuccess: null,
      dataFrom: null,
      dataThrough: null,
      schedule: '* * * * *',
    },
    ...{ isPolling: false, nextRun: null, notBefore: null, reconciliation: null, history: { remaining: 3 } },
    ...{ lastError: { ...failure(text()), ranges: [range(), range()] }, off: failure('auth') },
    notes: [{ topic: text(), text: text() }],
  });
  const account = () => ({
    ...{ provider: text(), name: text(), todayUsd: '1', monthToDateUsd: null, incomplete: [] },
    requestBudget: { remaining: null, notBefore: null },
    feeds: [feed(), feed()],
  });
  return {
    version: text(),
    startedAt: at,
    accounts: [account(), account()],
    budgets: [
      { name: text(), period: 'month', start: at, end: at, limitUsd: '5', spentUsd: '6', forecastUsd: null },
    ],
  };
}

/** The number of text fields. */
const TEXTS = 1 + 2 * (2 + 2 * 12) + 1;

/** The tags of a page in their order, each with its attributes; and what stands between them. */
function partsOf(page: string): { tags: string[]; texts: string[] } {
  const parts = page.split(/(<(?:[^<>"]|"[^"]*")*>)/);
  return {
    tags: parts.filter((_, index) => index % 2 === 1),
    texts: parts.filter((_, index) => index % 2 === 0),
  };
}

function unescaped(text: string): string {
  return text.replaceAll(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)));
}

test('first page: hostile texts are escaped', () => {
  const plain = partsOf(statusPage(statusOf(Array.from({ length: TEXTS }, () => 'plain')), NOW));
  const Texts = fc.array(fuzzString(), { minLength: TEXTS, maxLength: TEXTS });
  assertProperty(
    fc.property(Texts, (texts) => {
      const page = statusPage(statusOf(texts), NOW);
      const { tags, texts: between } = partsOf(page);
      assert.deepEqual(tags, plain.tags);
      const whole = between.map(unescaped).join('\0\0');
      for (const text of texts) assert.ok(whole.includes(text), JSON.stringify(text));
      const style = plain.tags.indexOf('<style>') + 1;
      assert.equal(between[style], plain.texts[style], 'the style that the policy allows is ours');
      const others = between.toSpliced(style, 1);
      assert.doesNotMatch(others.join(''), /[<>"']|&(?!#\d+;|amp;)/);
    }),
    { numRuns: Math.ceil(10_000 / TEXTS) },
  );
});
