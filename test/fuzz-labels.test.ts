import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { METRICS } from '../src/core/metrics/catalog.ts';
import { cleanLabel } from '../src/core/values/label.ts';
import { DAY } from '../src/core/values/time.ts';
import type { ExplorerSource } from '../src/server/pages/explorer/explorer-data.ts';
import type { AccountOverview } from '../src/server/pages/explorer/overview.ts';
import type { Status } from '../src/server/pages/status.ts';
import { createPrometheusPage } from '../src/sinks/prometheus/page.ts';
import { pageOf as explorer } from './support/exporter/explorer.ts';
import { type Exposition, parseExposition } from './support/exposition/exposition.ts';
import { cost, openBench, settings, statement, utc } from './support/ledger/ledger.ts';
import { assertAsyncProperty } from './support/ledger/property.ts';
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

/** Everything that the page shows, with these texts in every text field. */
function hostileSource(texts: Iterable<string>): ExplorerSource {
  const at = '2026-11-22T02:15:05.000Z';
  const rest = texts[Symbol.iterator]();
  const text = () => rest.next().value ?? '';
  const range = () => ({ start: at, end: at, reason: text(), message: text() });
  const failure = (reason: string) => ({ reason, message: text(), hint: text(), at });
  const feed = (up: boolean | null) => ({
    ...{ name: text(), up, lastSuccess: null, dataFrom: null, dataThrough: null, schedule: '* * * * *' },
    ...{ isPolling: false, nextRun: null, notBefore: null, reconciliation: null, history: { remaining: 3 } },
    lastError: up === false ? { ...failure(text()), ranges: [range(), range()] } : null,
    off: up === null ? failure('auth') : null,
    notes: [{ topic: text(), text: text() }],
  });
  // Accounts of one provider are shown with their names.
  const provider = { provider: text(), title: text() };
  const names = [0, 1].map(() => ({ ...provider, account: text() }));
  const status: Status = {
    version: text(),
    startedAt: at,
    warnings: [text()],
    accounts: names.map(({ provider, account }) => ({
      ...{ provider, name: account, todayUsd: '1', monthToDateUsd: null },
      incomplete: [{ window: 'today', reason: 'before_since' }],
      requestBudget: { remaining: null, notBefore: null },
      feeds: [feed(false), feed(null)],
    })),
    budgets: [
      {
        name: text(),
        period: 'month',
        start: at,
        end: NEXT,
        limitUsd: '5',
        spentUsd: '6',
        forecastUsd: null,
      },
    ],
  };
  const overview = names.map(
    (name): AccountOverview => ({
      ...{ ...name, since: NOW, countedSince: NOW, forecast: 1n, runwaySeconds: 1n },
      balances: [{ currency: text(), usd: 1n }],
      takenBack: [{ resource: `r${text()}`, model: `m${text()}`, usd: 1n }],
      unconverted: [{ currency: text(), amount: 1n }],
    }),
  );
  const rows = Array.from({ length: 10 }, () => ({
    labels: [text(), text()],
    values: [1n],
    total: 1n,
    held: [1n],
  }));
  const report = {
    buckets: [TODAY],
    series: rows,
    other: undefined,
    total: { values: [10n], total: 10n, held: [10n] },
    limits: [],
    unknown: [],
  };
  return {
    now: () => NOW,
    status: () => status,
    overview: async () => overview,
    series: async (question) => ({ ...question, ...report }),
  };
}

const NEXT = '2026-12-01T00:00:00.000Z';

/** The number of text fields. */
const TEXTS = 200;

/** The tags of a page in their order, each with the names of its attributes; and what stands in and between them. */
function partsOf(page: string): { tags: string[]; texts: string[] } {
  const parts = page.split(/(<(?:[^<>"]|"[^"]*")*>)/);
  const tags = parts.filter((_, index) => index % 2 === 1);
  const texts = parts.filter((_, index) => index % 2 === 0);
  const values = tags.flatMap((tag) => tag.match(/"[^"]*"/g) ?? []);
  return {
    tags: tags.map((tag) => tag.replaceAll(/"[^"]*"/g, '""')),
    texts: [...texts, ...values.map((value) => value.slice(1, -1))],
  };
}

function unescaped(text: string): string {
  return text.replaceAll(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)));
}

test('page: hostile texts are escaped', async () => {
  const address = 'by=provider,model&match[model]=*';
  const plain = partsOf(await explorer(hostileSource(Array.from({ length: TEXTS }, () => 'plain')), address));
  const Texts = fc.array(fuzzString(1), { minLength: TEXTS, maxLength: TEXTS });
  await assertAsyncProperty(
    fc.asyncProperty(Texts, async (texts) => {
      const rest = texts[Symbol.iterator]();
      const taken: string[] = [];
      const page = await explorer(
        hostileSource({
          [Symbol.iterator]: () => ({
            next: () => {
              const next = rest.next();
              if (!next.done) taken.push(next.value);
              return next;
            },
          }),
        }),
        address,
      );
      const { tags, texts: between } = partsOf(page);
      assert.deepEqual(tags, plain.tags);
      const whole = between.map(unescaped).join('\0\0');
      for (const text of taken) assert.ok(whole.includes(text), JSON.stringify(text));
      const style = plain.tags.indexOf('<style>') + 1;
      assert.equal(between[style], plain.texts[style], 'the style that the policy allows is ours');
      const others = between.toSpliced(style, 1);
      assert.doesNotMatch(others.join(''), /[<>"']|&(?!#\d+;|amp;)/);
    }),
    { numRuns: Math.ceil(10_000 / TEXTS) },
  );
});
