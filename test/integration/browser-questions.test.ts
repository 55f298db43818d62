import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Big } from 'big.js';
import type { Page } from 'puppeteer-core';
import { z } from 'zod';
import { follow, type PageLink } from '../support/browser/follow.ts';
import { readAmounts } from '../support/browser/page-amounts.ts';
import { SCENES } from '../support/browser/scenes.ts';
import { askSeries, knownSum, type SeriesAnswer } from '../support/browser/series-answer.ts';
import { browserSuite, once } from '../support/browser/suite.ts';
import type { Exporter } from '../support/exporter/exporter.ts';

/** A question that somebody who never saw the page answers within seconds. */
interface PageQuestion {
  /** From `/`. */
  readonly clicks: readonly PageLink[];
  /** Reads the answer from the page, and compares it with that of the API. */
  answer(page: Page, exporter: Exporter): Promise<void>;
}

const range = (text: string): PageLink => ['nav[aria-label="Range"]', text];
const group = (text: string): PageLink => ['nav[aria-label="Group by"]', text];

/** Leads to a file, which the test reads itself. */
const DOWNLOAD: PageLink = ['#spenders', 'Download CSV'];

/** The sums of two answers over the accounts whose total both know. */
function sumsOfBoth(a: SeriesAnswer, b: SeriesAnswer): [Big, Big] {
  const totals = ({ series }: SeriesAnswer) =>
    new Map(series.map(({ labels, total }) => [JSON.stringify(labels), total]));
  const [ofA, ofB] = [totals(a), totals(b)];
  let [sumA, sumB] = [new Big(0), new Big(0)];
  for (const [account, total] of ofA) {
    const other = ofB.get(account);
    if (!total || !other) continue;
    sumA = sumA.plus(total);
    sumB = sumB.plus(other);
  }
  return [sumA, sumB];
}

const QUESTIONS: Readonly<Record<string, PageQuestion>> = {
  'What did we spend this month?': {
    clicks: [],
    async answer(page, { url }) {
      const { tiles } = await readAmounts(page);
      assert.equal(
        tiles.month_to_date,
        sumOf(await askSeries(url, 'from=2026-11-01&to=2026-11-23&by=provider,account')),
      );
    },
  },
  'Is that more than last month?': {
    clicks: [],
    async answer(page, { url }) {
      const text = await textOf(page, '[data-tile="month_to_date"] .note');
      const now = await askSeries(url, 'from=2026-11-01&to=2026-11-22&by=provider,account');
      const before = await askSeries(url, 'from=2026-10-01&to=2026-10-22&by=provider,account');
      const [sum, earlier] = sumsOfBoth(now, before);
      const percent = sum.minus(earlier).times(100).div(earlier).round(1, Big.roundHalfEven);
      assert.match(text, new RegExp(`${percent.toFixed(1)} %.*against Oct 1 . Oct 21`));
    },
  },
  'Which provider grew?': {
    clicks: [range('This month'), ['#spenders thead', 'Change']],
    async answer(page, { url }) {
      const now = await askSeries(url, 'from=2026-11-01&to=2026-11-22&by=provider');
      const before = await askSeries(url, 'from=2026-10-01&to=2026-10-22&by=provider');
      const growth = now.series.flatMap(({ labels, total }) => {
        const earlier = before.series.find((row) => row.labels.provider === labels.provider);
        return total && earlier?.total
          ? [{ provider: labels.provider, by: new Big(total).minus(earlier.total) }]
          : [];
      });
      const most = growth.reduce((a, b) => (b.by.gt(a.by) ? b : a));
      const { rows } = await readAmounts(page);
      assert.equal(
        rows.filter(({ labels }) => growth.some(({ provider }) => provider === labels))[0]?.labels,
        most.provider,
      );
    },
  },
  'Which model cost most yesterday?': {
    clicks: [['[data-tile="yesterday"]', 'Yesterday'], group('Model')],
    async answer(page, { url }) {
      const { series } = await askSeries(url, 'from=2026-11-21&to=2026-11-22&by=model');
      const { rows } = await readAmounts(page);
      assert.deepEqual(rows[0], { labels: series[0]?.labels.model, total: series[0]?.total });
    },
  },
  'What did one deployment cost over 30 days?': {
    clicks: [group('Resource'), ['#spenders tbody', 'llama-3-3-70b production']],
    async answer(page, { url }) {
      const { sum } = await readAmounts(page);
      const answer = await askSeries(
        url,
        'from=2026-10-24&to=2026-11-23&by=resource&match[name]=llama-3-3-70b production',
      );
      assert.equal(sum, sumOf(answer));
    },
  },
  'What was refunded?': {
    clicks: [],
    async answer(page, exporter) {
      const refunds = await dataOf(page, '[data-corrections]', 'corrections', 'usd');
      const scrape = await exporter.scrape();
      assert.ok(Object.keys(refunds).length > 0);
      // The sum of numbers in the exposition has a rounding error.
      for (const [provider, usd] of Object.entries(refunds))
        assertNear(Number(usd), scrape.sum('ai_billing_cost_corrections_usd_total', { provider }));
    },
  },
  'When does the balance run out?': {
    clicks: [],
    async answer(page, exporter) {
      const runways = await dataOf(page, '[data-balance]', 'balance', 'runwaySeconds');
      const scrape = await exporter.scrape();
      assert.ok(Object.keys(runways).length > 0);
      for (const [provider, seconds] of Object.entries(runways))
        assert.equal(Number(seconds), scrape.sum('ai_billing_runway_seconds', { provider }), provider);
    },
  },
  'Is the budget safe?': {
    clicks: [],
    async answer(page) {
      assert.deepEqual(await dataOf(page, '[data-budget]', 'budget', 'state'), {
        everything: 'within',
        'venice-today': 'over',
        'gpu-deployments': 'within',
      });
    },
  },
  'What is unknown, and why?': {
    clicks: [],
    async answer(page) {
      const text = await textOf(page, '[data-unknown="northflank"]');
      assert.match(text, /^Northflank: month to date, last month\..*only since Nov 21/);
    },
  },
  'Give finance a CSV of last month by team': {
    clicks: [range('Last month'), group('Team'), DOWNLOAD],
    async answer(page, { url }) {
      const href = await page.$eval('a[data-csv]', (link) => link.href);
      const [head, ...lines] = (await (await fetch(String(href))).text()).trimEnd().split('\r\n');
      const answer = await askSeries(url, 'from=2026-10-01&to=2026-11-01&by=team');
      assert.equal(head, 'bucket,team,value');
      assert.equal(lines.length, 31 * answer.series.length);
      assert.equal(knownSum(lines.map((line) => line.split(',')[2] || null)), sumOf(answer));
    },
  },
};

test('docs/ten-questions.md: lists the clicks that are tested, at most three', async () => {
  const doc = await readFile(join(import.meta.dirname, '../../docs/ten-questions.md'), 'utf8');
  const rows = doc.split('\n').filter((line) => /^\| [A-Z]/.test(line));
  const expected = Object.entries(QUESTIONS).map(([question, { clicks }]) => {
    assert.ok(clicks.length <= 3, question);
    return `| ${question} | ${clicks.map(([, text]) => text).join(', ') || 'none'}`;
  });
  assert.deepEqual(
    rows.map((row) => row.split(' | ').slice(0, 2).join(' | ')),
    expected,
  );
});

browserSuite('questions to the page', (browser, scope) => {
  const demo = once(() => SCENES.demo(scope));
  for (const [name, { clicks, answer }] of Object.entries(QUESTIONS))
    for (const scripts of [true, false])
      test(`page answers, ${scripts ? 'with' : 'without'} JavaScript: ${name}`, async () => {
        const { exporter } = await demo();
        const { page, problems, close } = await browser.open(exporter.url, { scripts });
        for (const link of clicks) if (link !== DOWNLOAD) await follow(page, link);
        await answer(page, exporter);
        assert.deepEqual(problems, []);
        await close();
      });
});

function assertNear(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) < 1e-9, `${actual} is not ${expected}`);
}

function sumOf({ series }: SeriesAnswer): string {
  return knownSum(series.flatMap(({ values }) => values)) ?? 'unknown';
}

async function textOf(page: Page, selector: string): Promise<string> {
  return z
    .string()
    .parse(await page.$eval(selector, ({ textContent }) => textContent))
    .trim();
}

/** One of the data attributes of each element, by another. */
async function dataOf(
  page: Page,
  selector: string,
  name: string,
  value: string,
): Promise<Record<string, string>> {
  const pairs = await page.$$eval(
    selector,
    (elements, ...keys) => elements.map(({ dataset }) => keys.map((key) => dataset[key])),
    name,
    value,
  );
  return Object.fromEntries(z.array(z.tuple([z.string(), z.string()])).parse(pairs));
}
