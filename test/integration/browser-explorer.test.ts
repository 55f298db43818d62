import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Big } from 'big.js';
import { z } from 'zod';
import { formatDecimal } from '../../src/core/values/money.ts';
import { DAY, HOUR, isoDay } from '../../src/core/values/time.ts';
import { type PageAmounts, readAmounts } from '../support/browser/page-amounts.ts';
import { watchedDemo } from '../support/browser/scenes.ts';
import { askSeries, knownSum, type SeriesAnswer } from '../support/browser/series-answer.ts';
import { browserSuite, once } from '../support/browser/suite.ts';

/** Of the API and the page alike. */
const QUESTIONS = [
  'from=2026-10-01&to=2026-11-23&step=day&by=provider',
  'from=2026-11-01&to=2026-11-23&step=day&by=model',
  'from=2026-11-22&to=2026-11-23&step=hour&by=provider',
  'from=2026-11-01&to=2026-11-23&step=day&by=resource,name',
  'from=2026-10-01&to=2026-12-01&step=month&by=team',
  'from=2026-11-16&to=2026-11-23&step=day&by=token_type&measure=tokens',
  'from=2026-11-01&to=2026-11-23&step=day&by=model&match[provider]=venice&match[model]=*a*',
];
const Status = z.object({
  budgets: z.array(z.object({ name: z.string(), spentUsd: z.string().nullable() })),
});
/** Rows of the table, and layers of the chart that are not added up. */
const MAX_ROWS = 50;
const MAX_LAYERS = 8;

browserSuite('explorer in a browser', (browser, scope) => {
  const demo = once(() => watchedDemo(scope));

  for (const question of QUESTIONS)
    test(`explorer: every number equals the API's, ${question}`, async () => {
      const { url } = (await demo()).scene.exporter;
      const { page, problems, close } = await browser.open(`${url}/?${question}`);
      const [shown, answer] = [await readAmounts(page), await askSeries(url, `${question}&top=1000`)];
      const parts = partsOf(answer, await knownParts(url, question));
      assertTable(shown, parts);
      assertChart(shown, parts, answer);
      if (!question.includes('measure')) assertTexts(shown);
      assert.deepEqual(problems, []);
      await close();
    });

  test('explorer: costs by provider equal the bills of the simulated providers', async () => {
    const { scene, providers } = await demo();
    const { page } = await browser.open(`${scene.exporter.url}/?from=2026-10-01&to=2026-11-23&by=provider`);
    const { rows } = await readAmounts(page);
    const range = { start: Date.UTC(2026, 9, 1), end: Date.UTC(2026, 10, 23) };
    for (const provider of ['baseten', 'venice', 'inference_sh'] as const) {
      const expected = formatDecimal(providers[provider].truth(range).total('cost'));
      assert.equal(rows.find(({ labels }) => labels === provider)?.total, expected, provider);
    }
  });

  for (const [step, size, start, count] of [
    ['hour', HOUR, Date.UTC(2026, 10, 22), 12],
    ['day', DAY, Date.UTC(2026, 9, 1), 53],
  ] as const)
    test(`explorer: each ${step} of Venice equals its bill`, async () => {
      const { scene, providers } = await demo();
      const dates = `from=${isoDay(start)}&to=2026-11-23`;
      const { page } = await browser.open(
        `${scene.exporter.url}/?${dates}&step=${step}&match[provider]=venice`,
      );
      const { buckets } = await readAmounts(page);
      const truth = Array.from({ length: count }, (_, index) => {
        const range = { start: start + index * size, end: start + (index + 1) * size };
        return formatDecimal(providers.venice.truth(range).total('cost'));
      });
      assert.deepEqual(buckets.map((row) => row.at(-1)?.known).toReversed(), truth);
    });

  test('explorer: tiles and budgets equal the API', async () => {
    const { url } = (await demo()).scene.exporter;
    const { page } = await browser.open(url);
    const { tiles, budgets } = await readAmounts(page);
    const ranges = { today: [22, 23], yesterday: [21, 22], month_to_date: [1, 23] };
    for (const [tile, [start, end]] of Object.entries(ranges)) {
      const dates = [start, end].map((day) => `2026-11-${String(day).padStart(2, '0')}`);
      const answer = await askSeries(url, `from=${dates[0]}&to=${dates[1]}&by=provider,account`);
      assert.equal(tiles[tile], knownSum(answer.series.flatMap(({ values }) => values)), tile);
    }
    const status = Status.parse(await (await fetch(`${url}/api/v1/status`)).json());
    assert.deepEqual(
      budgets,
      Object.fromEntries(status.budgets.map(({ name, spentUsd }) => [name, spentUsd])),
    );
  });
});

/** What is known of a bucket. */
interface Part {
  readonly known: string | null;
  readonly isWhole: boolean;
}

interface Parts {
  readonly name: string;
  readonly known: string | null;
  readonly buckets: readonly Part[];
}

/**
 * The same by account, of which each is known or not: in the buckets of the chart, by day in place of months; and by day for sums,
 * because some accounts are not kept by hour.
 */
async function knownParts(url: string, question: string) {
  const [, by = ''] = /by=([\w,]+)/.exec(question) ?? [];
  const labels = [...new Set([...by.split(','), 'provider', 'account'])].join(',');
  const byAccount = question.replace(/by=[\w,]+/, `by=${labels}`);
  return {
    fine: await askSeries(url, byAccount.replace('step=month', 'step=day')),
    days: await askSeries(url, byAccount.replace(/step=\w+/, 'step=day')),
  };
}

/** What is known of each row, the largest first, and of what is beyond them. */
function partsOf(answer: SeriesAnswer, { fine, days }: Awaited<ReturnType<typeof knownParts>>) {
  const { series, other, buckets, by } = answer;
  const nameOf = (labels: Readonly<Record<string, string>>) => by.map((label) => labels[label]).join(',');
  const valuesOf = (name: string, { series: rows }: SeriesAnswer) =>
    rows.filter(({ labels }) => nameOf(labels) === name).map(({ values }) => values);
  const rows = series.map(({ labels, values }): Parts => {
    const name = nameOf(labels);
    const parts = valuesOf(name, fine);
    return {
      name,
      known: knownSum(valuesOf(name, days).flat()),
      buckets: values.map((value, index) => {
        const isIn = (_: unknown, at: number) => fine.buckets[at]?.startsWith(buckets[index] ?? '');
        return { known: knownSum(parts.flatMap((each) => each.filter(isIn))), isWhole: value !== null };
      }),
    };
  });
  rows.sort((a, b) => new Big(b.known ?? 0).cmp(a.known ?? 0));
  const hasRest = other?.values.some((value) => value !== '0' && value !== null) ?? false;
  const unknown = buckets.map(() => ({ known: null, isWhole: false }));
  return { rows, rest: hasRest ? [{ name: '', known: null, buckets: unknown }] : [] };
}

function assertTable({ rows, sum }: PageAmounts, expected: ReturnType<typeof partsOf>): void {
  const known = new Map(expected.rows.map((row) => [row.name, row.known]));
  assert.equal(rows.length, Math.min(known.size, MAX_ROWS));
  for (const { labels, total } of rows) assert.equal(total, known.get(labels), labels);
  assert.equal(sum, knownSum([...expected.rows, ...expected.rest].map((row) => row.known)));
}

/** A column for each of the largest rows, one for the sum of the others if there is any, and one for the total. */
function assertChart(
  { heads, buckets }: PageAmounts,
  { rows, rest }: ReturnType<typeof partsOf>,
  answer: SeriesAnswer,
): void {
  const [shown, others] = [rows.slice(0, MAX_LAYERS), [...rows.slice(MAX_LAYERS), ...rest]];
  const expected = answer.total.values.map((total, index) => {
    const partIn = (row: Parts) => row.buckets[index] ?? { known: null, isWhole: false };
    const sumOf = (parts: Part[]) => knownSum(parts.map(({ known }) => known));
    const other = others.map(partIn);
    return [
      ...shown.map(partIn),
      ...(other.length > 0 ? [{ known: sumOf(other), isWhole: other.every(({ isWhole }) => isWhole) }] : []),
      { known: sumOf([...rows, ...rest].map(partIn)), isWhole: total !== null },
    ];
  });
  assert.equal(heads.length, (expected[0]?.length ?? 0) + 1);
  assert.deepEqual(buckets.toReversed(), expected);
}

/** What people read is the exact amount, rounded to cents. */
function assertTexts({ all }: PageAmounts): void {
  assert.ok(all.length > 0);
  for (const { value, text, title } of all) {
    assert.equal(title.replaceAll(/[$,]/g, ''), value);
    const [, sign = '', dollars] = /^([-+]?)\$([\d,]+\.\d\d)$/.exec(text) ?? [];
    if (dollars === undefined)
      assert.ok(new Big(value).abs().lt('0.005') && !new Big(value).eq(0), `${text}: ${value}`);
    else
      assert.equal(
        sign.replace('+', '') + dollars.replaceAll(',', ''),
        new Big(value).toFixed(2, Big.roundHalfEven),
      );
  }
}
