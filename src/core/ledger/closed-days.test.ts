import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type Bench,
  cost,
  openBench,
  settings,
  statement,
  utc,
} from '../../../test/support/ledger/ledger.ts';
import { DEFAULT_BUDGET_ALERTS } from '../reports/budget.ts';
import { WINDOWS } from '../reports/windows.ts';
import { formatDecimal, fromNumber } from '../values/money.ts';
import { DAY, HOUR, type Instant, MINUTE } from '../values/time.ts';
import type { AccountSettings, StreamSettings } from './settings.ts';

const SINCE = utc('2026-10-01');
const MIDNIGHT = utc('2026-11-20');
const MONTH = utc('2026-11-01');

function opened(stream: Partial<StreamSettings> = {}, account: Partial<AccountSettings> = {}): Bench {
  const days = { granularities: ['day'], closedBuckets: true, ...stream } as const;
  return openBench(settings(days, { since: SINCE, ...account }));
}

/** Reads days that cost a dollar each. */
function read(bench: Bench, start: Instant, end: Instant, asOf = end + 30 * MINUTE, dollars = 1): void {
  const charges = Array.from({ length: (end - start) / DAY }, (_, day) =>
    cost(start + day * DAY, 'a', dollars),
  );
  bench.apply(statement('day', { start, end }, asOf, charges), asOf);
}

/** What is shown of each window, in the order of {@link WINDOWS}. */
function shown(bench: Bench, now: Instant): (number | undefined)[] {
  return WINDOWS.map((window) => bench.value(`ai_billing_cost_${window}_usd`, 'a', now));
}

function complete(bench: Bench, now: Instant): (number | undefined)[] {
  const values = bench.values(now);
  return WINDOWS.map((window) => values.get(`ai_billing_cost_window_complete|test|prod|${window}`));
}

describe('closed days', () => {
  test('today is unknown, and so is yesterday until it was read, whatever the lag', () => {
    for (const lagMs of [0, 2 * HOUR, 40 * HOUR]) {
      const bench = opened({ lagMs });
      read(bench, SINCE, MIDNIGHT - DAY);
      for (const now of [MIDNIGHT, MIDNIGHT + 29 * MINUTE, MIDNIGHT + 23 * HOUR]) {
        assert.deepEqual(shown(bench, now), [undefined, undefined, 18, 31], `${now} with a lag of ${lagMs}`);
        assert.deepEqual(complete(bench, now), [0, 0, 1, 1]);
      }
      read(bench, MIDNIGHT - DAY, MIDNIGHT);
      assert.deepEqual(shown(bench, MIDNIGHT + HOUR), [undefined, 1, 19, 31]);
      assert.deepEqual(complete(bench, MIDNIGHT + HOUR), [0, 1, 1, 1]);
      bench.reopen();
      assert.deepEqual(shown(bench, MIDNIGHT + 23 * HOUR), [undefined, 1, 19, 31]);
      bench.ledger.close();
    }
  });

  test('a month is unknown until its first day was read, last month until its last day was', () => {
    const bench = opened({ lagMs: 40 * HOUR });
    read(bench, SINCE, MONTH - DAY);
    assert.deepEqual(shown(bench, MONTH + HOUR), [undefined, undefined, undefined, undefined]);
    assert.deepEqual(complete(bench, MONTH + HOUR), [0, 0, 0, 0]);
    read(bench, MONTH - DAY, MONTH);
    assert.deepEqual(shown(bench, MONTH + HOUR), [undefined, 1, undefined, 31]);
    read(bench, MONTH, MONTH + DAY);
    assert.deepEqual(shown(bench, MONTH + DAY + HOUR), [undefined, 1, 1, 31]);
    bench.ledger.close();
  });

  test('a reading of a day that had not ended counts as unread', () => {
    const bench = opened();
    const noon = MIDNIGHT + 12 * HOUR;
    read(bench, SINCE, MIDNIGHT + DAY, noon);
    assert.deepEqual(shown(bench, noon), [undefined, 1, 20, 31]);
    assert.deepEqual(shown(bench, noon + DAY), [undefined, undefined, 20, 31]);
    const through = bench.values(noon).get('ai_billing_data_through_timestamp_seconds|test|prod|usage');
    assert.equal(through, MIDNIGHT / 1000);
    bench.ledger.close();
  });

  test('a skipped day is a gap', () => {
    const bench = opened();
    read(bench, SINCE, MIDNIGHT - 2 * DAY);
    read(bench, MIDNIGHT - DAY, MIDNIGHT);
    assert.deepEqual(shown(bench, MIDNIGHT + HOUR), [undefined, 1, undefined, 31]);
    assert.deepEqual(complete(bench, MIDNIGHT + HOUR), [0, 1, 0, 1]);
    bench.ledger.close();
  });

  test('closed hours show 0 until the first hour is due', () => {
    const bench = opened({ granularities: ['hour'] });
    bench.apply(
      statement('hour', { start: SINCE, end: MIDNIGHT }, MIDNIGHT + 1, [cost(MIDNIGHT - HOUR, 'a', 1)]),
    );
    assert.deepEqual(shown(bench, MIDNIGHT + HOUR), [0, 1, 1, 0]);
    assert.deepEqual(complete(bench, MIDNIGHT + HOUR), [1, 1, 1, 1]);
    bench.ledger.close();
  });

  test('budgets cover billed days and are unknown before the first day of their period', () => {
    const bench = opened();
    const budgets = (['day', 'week', 'month'] as const).map((period) => {
      return { name: period, limit: fromNumber(100), period, match: {}, ...DEFAULT_BUDGET_ALERTS };
    });
    bench.ledger.setBudgets(budgets);
    const standing = (now: Instant) => {
      while (bench.ledger.preloadHistory(now));
      return bench.ledger
        .budgets(now)
        .map(({ spent, forecast }) =>
          [spent, forecast].map((usd) => usd !== undefined && formatDecimal(usd)),
        );
    };
    // The 20th is a Friday, the 23rd a Monday.
    read(bench, SINCE, MIDNIGHT);
    const unknown = [false, false];
    assert.deepEqual(standing(MIDNIGHT + 12 * HOUR), [unknown, ['4', '7'], ['19', '30']]);
    read(bench, MIDNIGHT, MIDNIGHT + 3 * DAY);
    assert.deepEqual(standing(MIDNIGHT + 3 * DAY + 12 * HOUR), [unknown, unknown, ['22', '30']]);
    read(bench, MIDNIGHT + 3 * DAY, MIDNIGHT + 4 * DAY, undefined, 3);
    assert.deepEqual(standing(MIDNIGHT + 4 * DAY + HOUR)[1]?.[0], '3');
    bench.ledger.close();
  });

  test('a forecast ignores days before a gap, even if the readings end at midnight', () => {
    for (const granularity of ['day', 'hour'] as const) {
      const bench = opened({ granularities: [granularity] });
      bench.ledger.setBudgets([
        { name: 'all', limit: fromNumber(100), period: 'week', match: {}, ...DEFAULT_BUDGET_ALERTS },
      ]);
      const week = utc('2026-11-16');
      const charges = (start: Instant, end: Instant) =>
        Array.from({ length: (end - start) / DAY }, (_, day) => cost(start + day * DAY, 'a', 1));
      for (const [start, end] of [
        [SINCE, week - 7 * DAY],
        [week, MIDNIGHT],
      ] as const)
        bench.apply(statement(granularity, { start, end }, end + 1, charges(start, end)));
      while (bench.ledger.preloadHistory(MIDNIGHT + 1));
      const [{ spent, forecast } = {}] = bench.ledger.budgets(MIDNIGHT + 1);
      assert.deepEqual([spent, forecast], [fromNumber(4), fromNumber(7)], granularity);
      bench.ledger.close();
    }
  });
});

describe('runway of a daily stream', () => {
  const balance = ({ ledger, account }: Bench, dollars: number) => {
    const observations = [
      { metric: 'balance' as const, labels: { currency: 'USD' }, value: fromNumber(dollars) },
    ];
    const nothing = { reconciliation: undefined, state: undefined, notes: undefined };
    ledger.recordPoll({ account, feed: 'balance' }, { at: MIDNIGHT, observations, ...nothing });
  };
  const runway = (bench: Bench, now: Instant) => bench.values(now).get('ai_billing_runway_seconds|test|prod');

  test('uses the last whole day that was read, until the next one is late', () => {
    const bench = opened();
    balance(bench, 12);
    assert.equal(runway(bench, MIDNIGHT), undefined);
    read(bench, SINCE, MIDNIGHT - DAY);
    read(bench, MIDNIGHT - DAY, MIDNIGHT, undefined, 4);
    for (const now of [MIDNIGHT + HOUR, MIDNIGHT + 23 * HOUR, MIDNIGHT + 26 * HOUR])
      assert.equal(runway(bench, now), 3 * 86_400, `${(now - MIDNIGHT) / HOUR} hours on`);
    assert.equal(runway(bench, MIDNIGHT + 26 * HOUR + MINUTE), undefined);
    bench.ledger.close();
  });

  test('is absent if that day cost nothing, or only currencies that refill', () => {
    const bench = opened();
    balance(bench, 12);
    read(bench, SINCE, MIDNIGHT - DAY);
    read(bench, MIDNIGHT - DAY, MIDNIGHT, undefined, 0);
    assert.equal(runway(bench, MIDNIGHT + HOUR), undefined);
    const diem = cost(MIDNIGHT - DAY, 'a', 5, { detail: 'DIEM' });
    const day = { start: MIDNIGHT - DAY, end: MIDNIGHT };
    bench.apply(statement('day', day, MIDNIGHT + 31 * MINUTE, [diem]));
    assert.equal(runway(bench, MIDNIGHT + HOUR), undefined);
    bench.ledger.close();
  });

  test('uses the previous day if open days are billed, and is absent if that day has a gap', () => {
    const bench = opened({ closedBuckets: false });
    balance(bench, 12);
    const noon = MIDNIGHT + 12 * HOUR;
    const day = (start: Instant, dollars: number, asOf: Instant) =>
      bench.apply(statement('day', { start, end: start + DAY }, asOf, [cost(start, 'a', dollars)]), asOf);
    day(MIDNIGHT, 100, noon);
    assert.equal(runway(bench, noon), undefined, 'no whole day was read');
    day(MIDNIGHT - DAY, 2, noon + 1);
    assert.equal(runway(bench, noon + 1), 6 * 86_400);
    assert.equal(runway(bench, noon + 3 * HOUR), undefined, 'the readings are late');
    bench.ledger.close();
  });
});
