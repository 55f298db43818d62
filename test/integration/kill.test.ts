import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { METRICS } from '../../src/core/metrics/catalog.ts';
import { DAY, startOfDay, startOfMonth } from '../../src/core/values/time.ts';
import { fetchPage } from '../support/exporter/exporter-page.ts';
import {
  configure,
  type Exporter,
  folderOf,
  LISTENING,
  type Running,
  serve,
  start,
} from '../support/exporter/process.ts';
import type { Exposition } from '../support/exposition/exposition.ts';
import { createDice } from '../support/ledger/property.ts';
import {
  areFeedsUp,
  type BillingActivity,
  deltaOf,
  gaugeValues,
  LEDGER_COUNTERS,
  netCounters,
  seriesKey,
  startBillingActivity,
} from '../support/providers/billing-activity.ts';

const ROUNDS = 50;
/** Rounds that are killed before the first reading ends. */
const EARLY_ROUNDS = 8;
/** Rounds that are killed during startup. */
const SHARE_KILLED_LATE = 0.75;
const ALL_BOOKED_MS = 20_000;

test('ledger: kill -9 at any instant loses nothing, counts nothing twice and lowers no counter', async (context) => {
  const dice = createDice();
  const spending = await startBillingActivity(dice);
  context.after(() => spending.close());
  const file = await configure(await folderOf(context), { accounts: spending.accounts });
  const watched = watch();

  for (let round = 0; round < EARLY_ROUNDS; round += 1) {
    const running = start(context, ['serve', '--config', file]);
    await wait(200 + dice() * 800);
    await running.end('SIGKILL');
  }
  const first = await serve(context, file);
  await settled(first, watched, spending);
  const baseline = spending.billed();
  await first.end('SIGKILL');

  for (let round = 0; round < ROUNDS; round += 1) {
    if (round % 10 === 0) spending.begin(`model-${round}`);
    await killedWhilePolling(context, { file, spending, watched, dice });
  }

  const last = await serve(context, file);
  watched.take(await fetchPage(last));
  const expected = () => deltaOf(baseline, spending.billed());
  const page = await waitForPage(last, watched, (shown) => sameAmounts(netCounters(shown), expected()));
  context.diagnostic(`${watched.pages()} pages, ${watched.series()} series`);
  assert.deepEqual(sorted(netCounters(page)), sorted(expected()));
  assertGauges(spending, page);
  assert.equal((await last.end('SIGTERM')).code, 0);
});

interface Round {
  readonly file: string;
  readonly spending: BillingActivity;
  readonly watched: Watched;
  readonly dice: () => number;
}

/** Spends while an exporter starts and polls, scrapes it continuously, and kills it at some instant. */
async function killedWhilePolling(context: TestContext, round: Round): Promise<void> {
  const { file, dice } = round;
  const running = start(context, ['serve', '--config', file]);
  const over = new AbortController();
  const spending = spendUntil(over.signal, round);
  const reading = readPages(running, round.watched);
  if (dice() < SHARE_KILLED_LATE) await running.said(LISTENING);
  await wait(dice() * 1200);
  await running.end('SIGKILL');
  over.abort();
  await Promise.all([spending, reading]);
}

async function spendUntil(over: AbortSignal, { spending, dice }: Round): Promise<void> {
  while (!over.aborted) {
    spending.grow();
    if (dice() < 0.2) spending.correct();
    await wait(dice() * 150);
  }
}

/** Reads pages until the process is gone. */
async function readPages(running: Running, watched: Watched): Promise<void> {
  const [, url] = await running.said(LISTENING).catch(() => []);
  if (url === undefined) return;
  for (;;) {
    const page = await fetchPage({ url }).catch(() => undefined);
    if (page === undefined) return;
    watched.take(page);
    await wait(15);
  }
}

interface Watched {
  /** Compares a page with all earlier ones. */
  take(page: Exposition): void;
  pages(): number;
  series(): number;
}

/** The highest value that any page has shown, by series: no later one may fall below it, or miss it. */
function watch(): Watched {
  const highest = new Map<string, number>();
  let pages = 0;
  return {
    take(page) {
      const seen = new Set<string>();
      for (const sample of [...page.families.values()].flatMap(({ samples }) => samples)) {
        if (!LEDGER_COUNTERS.has(sample.name)) continue;
        const key = seriesKey(sample.name, sample.labels);
        const before = highest.get(key) ?? 0;
        assert.ok(sample.value >= before, `${key} fell from ${before} to ${sample.value}`);
        highest.set(key, sample.value);
        seen.add(key);
      }
      for (const key of highest.keys()) assert.ok(seen.has(key), `${key} is gone`);
      pages += 1;
    },
    pages: () => pages,
    series: () => highest.size,
  };
}

/** The first page that satisfies the condition, or the last one when time is up. */
async function waitForPage(
  exporter: Exporter,
  watched: Watched,
  condition: (page: Exposition) => boolean,
): Promise<Exposition> {
  const deadline = performance.now() + ALL_BOOKED_MS;
  for (;;) {
    const page = await fetchPage(exporter);
    watched.take(page);
    if (condition(page) || performance.now() > deadline) return page;
    await wait(50);
  }
}

/** Waits until every feed was read, so that all that is spent from now on counts. */
async function settled(exporter: Exporter, watched: Watched, { accounts }: BillingActivity): Promise<void> {
  const isSettled = (shown: Exposition) =>
    areFeedsUp(accounts, shown.families.get(METRICS.up.name)?.samples ?? []);
  const page = await waitForPage(exporter, watched, isSettled);
  assert.ok(isSettled(page), 'every feed was read');
  assert.deepEqual(sorted(netCounters(page)), [], 'nothing was spent since the first reading');
}

function assertGauges(spending: BillingActivity, page: Exposition): void {
  const now = Date.now();
  const today = startOfDay(now);
  const windows = [
    [METRICS.costToday, today],
    [METRICS.costMonthToDate, startOfMonth(now)],
  ] as const;
  for (const [metric, from] of windows) {
    const expected = spending.gauge(metric, { start: from, end: today + DAY });
    assert.deepEqual(sorted(gaugeValues(metric, page)), sorted(expected));
  }
}

function sorted<Value>(amounts: ReadonlyMap<string, Value>): [string, Value][] {
  return [...amounts].sort(([a], [b]) => (a < b ? -1 : 1));
}

function sameAmounts<Value>(a: ReadonlyMap<string, Value>, b: ReadonlyMap<string, Value>): boolean {
  return a.size === b.size && [...a].every(([key, value]) => b.get(key) === value);
}
