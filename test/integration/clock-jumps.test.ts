import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { DAY, HOUR, type Instant, MINUTE } from '../../src/core/values/time.ts';
import { waitForPage } from '../support/exporter/exporter-page.ts';
import { serveOnLoopback } from '../support/exporter/loopback.ts';
import { configure, type Exporter, folderOf, serve } from '../support/exporter/process.ts';
import type { Exposition } from '../support/exposition/exposition.ts';

const SHIFT = pathToFileURL(join(import.meta.dirname, '../support/exporter/shift-clock.ts')).href;
/** A run each minute, and as long again for a busy machine. */
const PATIENCE_MS = 150_000;

interface Spent {
  readonly at: Instant;
  readonly usd: number;
}

/** Venice with a correct clock: the spend of the requested range. */
async function venice(context: TestContext, spent: readonly Spent[]): Promise<string> {
  const host = await serveOnLoopback(context, (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost');
    const [from = Number.NaN, to = Number.NaN] = ['startTimestamp', 'endTimestamp'].map((name) =>
      Date.parse(searchParams.get(name) ?? ''),
    );
    const rows = spent.filter(({ at }) => at >= from && at < to);
    response.setHeader('content-type', 'application/json');
    if (!pathname.endsWith('/usage-history')) response.statusCode = 404;
    response.end(JSON.stringify({ data: rows.map(rowOf), nextCursor: null }));
  });
  return `http://${host}`;
}

function rowOf({ at, usd }: Spent) {
  const timestamp = new Date(at).toISOString();
  const money = { amount: -usd, currency: 'USD', units: 0.1, pricePerUnitUsd: usd * 10 };
  const about = { sku: 'm-llm-output-mtoken', notes: 'API Inference', inferenceDetails: null };
  return { timestamp, ...money, ...about };
}

/** An exporter whose clock is off until it is corrected. */
async function scene(context: TestContext, offsetMs: number, schedule?: string) {
  const folder = await folderOf(context);
  const spent: Spent[] = [{ at: Date.now() - MINUTE, usd: 10 }];
  const url = await venice(context, spent);
  const accounts = { venice: { url, key: 'a-key-of-the-test' } };
  const file = await configure(folder, { accounts, schedule: schedule ?? '* * * * *' });
  const right = join(folder, 'right');
  const env = {
    NODE_OPTIONS: `--import ${SHIFT}`,
    CLOCK_OFF_MS: String(offsetMs),
    CLOCK_RIGHT: right,
  };
  return {
    spend: (usd: number, agoMs = 0) => spent.push({ at: Date.now() - agoMs, usd }),
    setRight: () => writeFile(right, ''),
    start: () => serve(context, file, { env }),
  };
}

function sum({ families }: Exposition, name: string, labels: Readonly<Record<string, string>> = {}): number {
  const samples = [...families.values()].flatMap((family) => family.samples);
  return samples
    .filter((sample) => sample.name === name)
    .filter((sample) => Object.entries(labels).every(([label, value]) => sample.labels[label] === value))
    .reduce((total, { value }) => total + value, 0);
}

const usagePolls = (page: Exposition) => sum(page, 'ai_billing_polls_total', { feed: 'usage' });
const spentOf = (page: Exposition) =>
  sum(page, 'ai_billing_cost_usd_total') - sum(page, 'ai_billing_cost_corrections_usd_total');
/** Spend of both months, because a test may run on the first of a month. */
const monthsOf = (page: Exposition) =>
  sum(page, 'ai_billing_cost_month_to_date_usd') + sum(page, 'ai_billing_cost_last_month_usd');

function shown(exporter: Exporter, holds: (page: Exposition) => boolean): Promise<Exposition> {
  return waitForPage(exporter, holds, PATIENCE_MS);
}

function assertNoFuture(page: Exposition): void {
  const times = [...page.families.values()]
    .flatMap(({ samples }) => samples)
    .filter(({ name }) => name === 'ai_billing_data_through_timestamp_seconds');
  assert.ok(times.length > 0);
  for (const { value, labels } of times) assert.ok(value <= Date.now() / 1000, JSON.stringify(labels));
}

for (const [title, ms] of [
  ['2 hours', 2 * HOUR],
  ['26 hours', 26 * HOUR],
] as const) {
  test(`clock: polling and spend continue after the clock is set back by ${title}`, async (context) => {
    const here = await scene(context, ms);
    const exporter = await here.start();
    const before = usagePolls(await shown(exporter, (page) => usagePolls(page) > 0 && monthsOf(page) === 10));
    await here.setRight();
    here.spend(7);
    const page = await shown(exporter, (each) => usagePolls(each) > before && monthsOf(each) === 17);
    assert.equal(spentOf(page), 7);
    assertNoFuture(page);
  });
}

test('clock: data stored under a clock 40 days ahead heals at the first correct reading', async (context) => {
  const here = await scene(context, 40 * DAY);
  const wrong = await here.start();
  await shown(wrong, (page) => usagePolls(page) > 0);
  assert.equal((await wrong.end('SIGTERM')).code, 0);
  await here.setRight();
  // Under the wrong clock nothing of this month was read: the first correct reading is the first, and its past counts nothing.
  here.spend(7, HOUR);
  const exporter = await here.start();
  const page = await shown(exporter, (each) => usagePolls(each) > 0 && monthsOf(each) === 17);
  assertNoFuture(page);
  assert.equal(spentOf(page), 0);
  here.spend(5);
  // A counter that was just shown for the first time stays at 0 for a while.
  const counted = await shown(exporter, (each) => monthsOf(each) === 22 && spentOf(each) > 0);
  assert.equal(spentOf(counted), 5);
});

/** The slowest response until the condition holds. */
async function longestAnswer({ url }: Exporter, over: Promise<unknown>): Promise<number> {
  let longest = 0;
  let isOver = false;
  const end = () => {
    isOver = true;
  };
  over.then(end, end);
  while (!isOver) {
    const asked = performance.now();
    const answer = await fetch(`${url}/-/healthy`, { signal: AbortSignal.timeout(PATIENCE_MS) });
    assert.equal(answer.status, 200);
    longest = Math.max(longest, performance.now() - asked);
    await wait(20);
  }
  return longest;
}

for (const [title, offsetMs, schedule] of [
  ['by 40 days', -40 * DAY, '* * * * *'],
  ['by 40 days, each feed every second', -40 * DAY, '* * * * * *'],
  ['from 1970', -Date.now(), '* * * * *'],
] as const) {
  test(`clock: after the clock is set forward ${title}, requests are answered and each feed catches up once`, async (context) => {
    const here = await scene(context, offsetMs, schedule);
    const exporter = await here.start();
    const before = usagePolls(await shown(exporter, (page) => usagePolls(page) > 0));
    await here.setRight();
    here.spend(7);
    const caughtUp = shown(exporter, (each) => usagePolls(each) > before && monthsOf(each) === 17);
    const longest = await longestAnswer(exporter, caughtUp);
    const page = await caughtUp;
    // Stepping through 40 days of minutes took 5 s, through those since 1970 it never ended.
    assert.ok(longest < 2000, `${longest} ms`);
    if (!schedule.startsWith('* * * * * *')) assert.ok(usagePolls(page) - before <= 3);
    assertNoFuture(page);
    assert.equal((await exporter.end('SIGTERM')).code, 0);
  });
}
