import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type Bench,
  cost,
  openBench,
  SLIDING,
  settings,
  statement,
  utc,
} from '../../../test/support/ledger/ledger.ts';
import type { Charge } from '../statement/statement.ts';
import { formatDecimal, fromNumber } from '../values/money.ts';
import { DAY, HOUR, type Instant } from '../values/time.ts';
import { type Budget, type BudgetMatch, budgetPeriodAt, DEFAULT_BUDGET_ALERTS, matcherOf } from './budget.ts';

/** A Friday. */
const NOON = utc('2026-11-20T12:00');
const SINCE = utc('2026-10-01');

function budget(more: Partial<Budget> = {}): Budget {
  return {
    name: 'all',
    limit: fromNumber(1000),
    period: 'month',
    match: {},
    ...DEFAULT_BUDGET_ALERTS,
    ...more,
  };
}

/** A dollar an hour from `start` to `end`. */
function spend(start: Instant, end: Instant, more: Partial<Charge> = {}): Charge[] {
  return Array.from({ length: (end - start) / HOUR }, (_, index) => cost(start + index * HOUR, 'a', 1, more));
}

function read(bench: Bench, start: Instant, end: Instant, lines = spend(start, end)) {
  bench.apply(statement('hour', { start, end }, end, lines), end);
}

/** Spent and forecast of each budget, once all that forecasts look back on was added up. */
function standing({ ledger }: Bench, now: Instant): Record<string, string[]> {
  while (ledger.preloadHistory(now));
  const text = (amount: bigint | undefined) => (amount === undefined ? [] : [formatDecimal(amount)]);
  return Object.fromEntries(
    ledger.budgets(now).map((state) => [state.budget.name, [...text(state.spent), ...text(state.forecast)]]),
  );
}

describe('budgets', () => {
  test('periods start at midnight, on Monday or on the first, in UTC', () => {
    const bounds = (period: Budget['period'], at: string) => {
      const { start, end } = budgetPeriodAt(period, utc(at));
      return [start, end].map((instant) => new Date(instant).toISOString().slice(0, 16));
    };
    assert.deepEqual(bounds('day', '2026-11-20T12:00'), ['2026-11-20T00:00', '2026-11-21T00:00']);
    assert.deepEqual(bounds('week', '2026-11-20T12:00'), ['2026-11-16T00:00', '2026-11-23T00:00']);
    assert.deepEqual(bounds('week', '2026-11-16'), ['2026-11-16T00:00', '2026-11-23T00:00']);
    assert.deepEqual(bounds('week', '2026-11-22T23:59'), ['2026-11-16T00:00', '2026-11-23T00:00']);
    assert.deepEqual(bounds('week', '1970-01-01'), ['1969-12-29T00:00', '1970-01-05T00:00']);
    assert.deepEqual(bounds('month', '2024-02-29T23:59'), ['2024-02-01T00:00', '2024-03-01T00:00']);
  });

  test('patterns match exactly or with * and ?, and treat all other characters literally', () => {
    const table: [BudgetMatch, Record<string, string>, boolean][] = [
      [{}, { provider: 'a' }, true],
      [{ provider: ['*'] }, { provider: '' }, true],
      [{ model: ['llama*'] }, { model: 'llama-3' }, true],
      [{ model: ['llama*'] }, { model: 'my-llama' }, false],
      [{ model: ['gpt', 'llama-?'] }, { model: 'llama-3' }, true],
      [{ model: ['llama-?'] }, { model: 'llama-33' }, false],
      [{ model: ['GPT'] }, { model: 'gpt' }, false],
      [{ resource: ['team/*'] }, { resource: 'team/project/id' }, true],
      [{ resource: ['a.b+[c]'] }, { resource: 'a.b+[c]' }, true],
      [{ resource: ['a.b'] }, { resource: 'axb' }, false],
      [{ resource: ['?'] }, { resource: '\u{1f600}' }, true],
      [{ resource: ['a*'] }, { resource: 'a\nb' }, true],
      [{ resource: [''] }, { resource: '' }, true],
      [{ provider: ['a'], tier: ['x'] }, { provider: 'a', tier: 'y' }, false],
      [{ provider: ['a'], tier: ['x'] }, { provider: 'a' }, true],
    ];
    for (const [match, labels, expected] of table) {
      assert.equal(matcherOf(match)(labels), expected, JSON.stringify([match, labels]));
    }
  });

  test('patterns are fast on a long label that nearly matches', () => {
    const matches = matcherOf({ resource: ['*-*-*-*-*-*-*-*-*x'] });
    const started = performance.now();
    assert.equal(matches({ resource: '-'.repeat(300) }), false);
    assert.equal(matches({ resource: `${'-'.repeat(300)}x` }), true);
    assert.ok(performance.now() - started < 500);
  });

  test('add up exactly what they match in their period, including corrections, new series and restarts', () => {
    const bench = openBench(settings({}, { since: SINCE }));
    const budgets = [
      budget(),
      budget({ name: 'week', period: 'week' }),
      budget({ name: 'day', period: 'day' }),
      budget({ name: 'b', match: { resource: ['b'] } }),
      budget({ name: 'diem', match: { currency: ['DIEM'], account: ['prod'] } }),
    ];
    bench.ledger.setBudgets(budgets);
    read(bench, SINCE, NOON);
    const spentOf = (now = NOON) =>
      Object.fromEntries(Object.entries(standing(bench, now)).map(([name, [spent]]) => [name, spent]));
    const before = { all: '468', week: '108', day: '12', b: '0', diem: '0' };
    assert.deepEqual(spentOf(), before);
    const [start, end] = [NOON - 3 * HOUR, NOON];
    const restated = [
      cost(start, 'a', 0.25),
      cost(start, 'b', 0.1),
      cost(start + HOUR, 'c', 0.2, { detail: 'DIEM' }),
    ];
    bench.apply(statement('hour', { start, end }, end + 1, restated), end + 1);
    const after = { all: '465.55', week: '105.55', day: '9.55', b: '0.1', diem: '0.2' };
    assert.deepEqual(spentOf(), after);
    bench.reopen();
    bench.ledger.setBudgets(budgets);
    assert.deepEqual(spentOf(), after, 'as it was added up commit by commit');
    bench.ledger.close();
  });

  test('are unknown while anything that they match has not been read, and only then', () => {
    const bench = openBench(settings({}, { since: SINCE }));
    const other = bench.open(settings({}, { name: 'other', since: SINCE }));
    bench.ledger.setBudgets([budget(), budget({ name: 'prod', match: { account: ['prod'] } })]);
    read(bench, SINCE, NOON);
    assert.deepEqual(Object.keys(standing(bench, NOON)), ['all', 'prod']);
    assert.deepEqual(standing(bench, NOON).all, []);
    assert.equal(standing(bench, NOON).prod?.[0], '468');
    const range = { start: NOON - HOUR, end: NOON };
    bench.ledger.apply({ account: other, feed: 'usage' }, statement('hour', range, NOON), [], NOON);
    assert.deepEqual(standing(bench, NOON).all, [], 'a month with a hole');
    const whole = { start: SINCE, end: NOON };
    bench.ledger.apply({ account: other, feed: 'usage' }, statement('hour', whole, NOON + 1), [], NOON);
    assert.equal(standing(bench, NOON).all?.[0], '468');
    bench.ledger.close();
  });

  test('restart with their period, with or without lag, and are unknown if the readings ended long before', () => {
    const bench = openBench(settings({}, { since: SINCE }));
    bench.ledger.setBudgets([budget(), budget({ name: 'day', period: 'day' })]);
    const month = utc('2026-12-01');
    read(bench, SINCE, month - HOUR);
    assert.deepEqual(standing(bench, month - 1), { all: ['719', '720'], day: ['23', '24'] });
    // The last hour of November is still to come, and is not December's.
    assert.deepEqual(standing(bench, month), { all: ['0', '744'], day: ['0', '24'] });
    bench.ledger.close();

    const late = openBench(settings({}, { since: SINCE }));
    late.ledger.setBudgets([budget()]);
    read(late, SINCE, month - 3 * HOUR);
    assert.deepEqual(standing(late, month - 1).all, ['717', '720']);
    assert.deepEqual(standing(late, month).all, []);
    late.ledger.close();
  });

  test('are forecast from 24 hours of data on, and after a gap only from the data behind it', () => {
    const bench = openBench(settings({}, { since: NOON - 12 * HOUR - DAY }));
    bench.ledger.setBudgets([budget({ period: 'week' })]);
    const [start] = [NOON - 12 * HOUR - DAY];
    read(bench, NOON - 12 * HOUR, NOON);
    assert.deepEqual(standing(bench, NOON).all, [], 'Thursday was not read');
    read(bench, start, start + 6 * HOUR);
    read(bench, start + 6 * HOUR, NOON, [...spend(start + 6 * HOUR, NOON)]);
    assert.deepEqual(standing(bench, NOON).all, ['36', '96']);
    bench.ledger.close();

    const young = openBench(settings({}, { since: NOON - 12 * HOUR }));
    young.ledger.setBudgets([budget({ period: 'week' })]);
    read(young, NOON - 12 * HOUR, NOON);
    assert.deepEqual(standing(young, NOON).all, ['12'], 'half a day tells what was spent, and nothing more');
    young.ledger.close();
  });

  test('are forecast only once the days that the forecast looks back on are loaded', () => {
    const bench = openBench(settings({}, { since: SINCE }));
    bench.ledger.setBudgets([budget()]);
    read(bench, SINCE, NOON);
    assert.equal(bench.ledger.budgets(NOON)[0]?.forecast, undefined);
    let days = 0;
    while (bench.ledger.preloadHistory(NOON)) days += 1;
    assert.equal(days, 28, 'a day a call');
    assert.equal(formatDecimal(bench.ledger.budgets(NOON)[0]?.forecast ?? 0n), '720');
    bench.ledger.close();
  });

  test('forecast a steady spend within 2 % by day 10, hour by hour and day by day', () => {
    for (const granularity of ['hour', 'day'] as const) {
      const bench = openBench(settings({ granularities: [granularity] }, { since: SINCE }));
      bench.ledger.setBudgets([budget({ period: 'month' })]);
      for (let day = 10; day <= 30; day += 4) {
        const now = utc('2026-11-01') + (day - 1) * DAY + 9 * HOUR;
        const lines = spend(SINCE, now).map((line) => ({ ...line, value: line.value + BigInt(line.at % 7) }));
        const end = granularity === 'day' ? now + 15 * HOUR : now;
        bench.apply(statement(granularity, { start: SINCE, end }, now, lines), now);
        const forecast = Number(standing(bench, now).all?.[1]);
        assert.ok(Math.abs(forecast / 720 - 1) < 0.02, `${forecast} on day ${day}`);
      }
      bench.ledger.close();
    }
  });

  test('count overflow if they match whole accounts, and are unknown otherwise', () => {
    const bench = openBench(settings({}, { since: SINCE, maxSeries: 40 }));
    bench.ledger.setBudgets([
      budget(),
      budget({ name: 'r1', match: { resource: ['r1*'] } }),
      budget({ name: 'b', match: { model: ['*'] } }),
    ]);
    const lines = Array.from({ length: 30 }, (_, index) => cost(NOON - HOUR, `r${index}`, 1));
    read(bench, SINCE, NOON, lines);
    assert.equal(standing(bench, NOON).all?.[0], '30');
    assert.deepEqual(standing(bench, NOON).r1, [], 'some of it may be among what was folded');
    assert.equal(standing(bench, NOON).b?.[0], '30', 'any label at all');
    bench.ledger.close();
  });

  test('are published with limits and periods, without unknown values', () => {
    const bench = openBench(settings({}, { since: SINCE }));
    bench.ledger.setBudgets([budget()]);
    const page = () => [...bench.values(NOON)].filter(([key]) => key.startsWith('ai_billing_budget_'));
    const always = [
      ['ai_billing_budget_limit_usd|all', 1000],
      ['ai_billing_budget_matches|all', 1],
      ['ai_billing_budget_info|all|month|warning', 1],
      ...[0.5, 0.8, 1].map((at) => [`ai_billing_budget_alert_threshold_ratio|all|${at}`, at]),
      ['ai_billing_budget_period_start_timestamp_seconds|all', utc('2026-11-01') / 1000],
      ['ai_billing_budget_period_end_timestamp_seconds|all', utc('2026-12-01') / 1000],
    ];
    assert.deepEqual(page(), always);
    read(bench, SINCE, NOON);
    while (bench.ledger.preloadHistory(NOON));
    assert.deepEqual(page(), [
      always[0],
      ['ai_billing_budget_spent_usd|all', 468],
      ['ai_billing_budget_forecast_usd|all', 720],
      ...always.slice(1),
    ]);
    bench.ledger.close();
  });

  test('count each amount once across granularities', () => {
    const bench = openBench(settings(SLIDING, { since: utc('2026-11-19') }));
    bench.ledger.setBudgets([budget({ period: 'day' })]);
    const day = { start: utc('2026-11-19'), end: utc('2026-11-21') };
    bench.apply(
      statement('day', day, NOON, [cost(day.start, 'a', 24), cost(day.start + DAY, 'a', 12)]),
      NOON,
    );
    assert.equal(standing(bench, NOON).all?.[0], '12');
    const hours = { start: NOON - 12 * HOUR, end: NOON + HOUR };
    bench.apply(statement('hour', hours, NOON + 1, spend(hours.start, NOON)), NOON + 1);
    assert.deepEqual(standing(bench, NOON + 1).all, ['12', '24']);
    bench.ledger.close();
  });
});
