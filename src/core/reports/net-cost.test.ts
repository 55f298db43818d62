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
import type { LabelFilter } from '../statement/series.ts';
import { formatDecimal } from '../values/money.ts';
import { DAY, HOUR, type Range } from '../values/time.ts';

const DAYS = { start: utc('2026-11-18'), end: utc('2026-11-20') };
const LATER = utc('2026-11-22');

function billed({ ledger, account }: Bench, range: Range = DAYS, which?: LabelFilter) {
  const found = ledger.netCost(account, range, which);
  return found && [formatDecimal(found.usd), found.asOf];
}

describe('net cost of whole days', () => {
  test('is exact, with or without a filter, as of its oldest reading', () => {
    const bench = openBench(settings());
    const lines = [
      cost(DAYS.start, 'a', 0.1, { tier: 'x' }),
      cost(DAYS.end - HOUR, 'b', 0.2, { detail: 'DIEM' }),
      cost(DAYS.end, 'a', 7),
    ];
    bench.apply(statement('hour', { start: DAYS.start - DAY, end: LATER }, LATER, lines));
    assert.deepEqual(billed(bench), ['0.3', LATER]);
    assert.deepEqual(billed(bench, { start: DAYS.end, end: DAYS.end + DAY }), ['7', LATER]);
    assert.deepEqual(
      billed(bench, DAYS, ({ detail }) => detail === 'DIEM'),
      ['0.2', LATER],
    );
    assert.deepEqual(
      billed(bench, DAYS, ({ tier }) => tier === 'x'),
      ['0.1', LATER],
    );
    const part = { start: DAYS.start, end: DAYS.start + HOUR };
    bench.apply(statement('hour', part, LATER + 9, [cost(part.start, 'a', 5)]), LATER + 9);
    assert.deepEqual(billed(bench), ['5.2', LATER], 'the rest is as old as it was');
    bench.reopen();
    assert.deepEqual(billed(bench), ['5.2', LATER]);
    bench.ledger.close();
  });

  test('is unknown if an hour or another stream was not read, and once it was rolled up', () => {
    const bench = openBench(settings());
    assert.equal(billed(bench), undefined);
    bench.apply(statement('hour', { start: DAYS.start, end: DAYS.end - HOUR }, LATER));
    assert.equal(billed(bench), undefined);
    bench.apply(statement('hour', { start: DAYS.end - HOUR, end: DAYS.end }, LATER + 1));
    assert.deepEqual(billed(bench), ['0', LATER]);
    bench.ledger.maintain(utc('2027-01-02'));
    assert.equal(billed(bench), undefined, 'its days are gone');
    bench.ledger.close();
  });

  test('counts overflow only without a filter', () => {
    const bench = openBench(settings({}, { maxSeries: 20 }));
    const lines = Array.from({ length: 20 }, (_, index) => cost(DAYS.start, `r${index}`, 1));
    bench.apply(statement('hour', DAYS, LATER, lines));
    assert.deepEqual(billed(bench), ['20', LATER]);
    assert.equal(
      billed(bench, DAYS, ({ resource }) => resource === 'r0'),
      undefined,
    );
    bench.ledger.close();
  });

  test('uses the granularity that was read last', () => {
    const bench = openBench(settings(SLIDING));
    bench.apply(statement('day', DAYS, LATER, [cost(DAYS.start, 'a', 5)]));
    bench.apply(statement('hour', { start: DAYS.start, end: DAYS.end - HOUR }, LATER + 1));
    assert.deepEqual(billed(bench)?.[1], LATER, 'the hours do not cover it whole');
    bench.apply(statement('day', DAYS, LATER + 2, [cost(DAYS.start, 'a', 6)]));
    assert.deepEqual(billed(bench), ['6', LATER + 2]);
    bench.ledger.close();
  });
});
