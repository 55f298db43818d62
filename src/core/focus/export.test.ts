import assert from 'node:assert/strict';
import { test } from 'node:test';
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
import { DAY, HOUR, type Instant, MINUTE, type Range } from '../values/time.ts';
import { FOCUS_COLUMNS, type FocusRow } from './columns.ts';
import type { FocusExport } from './export.ts';

const NOON = utc('2026-11-20T12:00');
const OCTOBER = { start: utc('2026-10-01'), end: utc('2026-11-01') };
const SINCE = OCTOBER.start;

function exportOf(bench: Bench, range: Range, now = NOON): FocusExport {
  const service = { category: 'Compute', subcategory: 'Containers' } as const;
  const account = { id: bench.account, provider: 'test', account: 'prod', streams: ['usage'] };
  return bench.ledger.focus([{ ...account, title: 'Test', service }], range, now);
}

function rowsOf(bench: Bench, range: Range, now = NOON): Record<string, unknown>[] {
  return [...exportOf(bench, range, now).rows()].flatMap((row) => (row ? [recordOf(row)] : []));
}

function recordOf(row: FocusRow): Record<string, unknown> {
  return Object.fromEntries(FOCUS_COLUMNS.map(({ name }, place) => [name, row[place]]));
}

function gapsOf(bench: Bench, range: Range, now = NOON): string[] {
  const work = exportOf(bench, range, now).gaps();
  for (;;) {
    const step = work.next();
    if (!step.done) continue;
    const day = (at: Instant) => new Date(at).toISOString().slice(5, 10);
    return step.value.map(
      ({ account, reason, start, end }) => `${account} ${day(start)} ${day(end)} ${reason}`,
    );
  }
}

function texts(bench: Bench, range: Range, now = NOON): string[] {
  return rowsOf(bench, range, now).map(textOf);
}

/** `start length cost class quantity unit currency` of a row. */
function textOf(row: Record<string, unknown>): string {
  const [start, end] = [Number(row.ChargePeriodStart), Number(row.ChargePeriodEnd)];
  const at = new Date(start).toISOString().slice(5, 16);
  const quantity = formatDecimal(BigInt(String(row.PricingQuantity)));
  const usd = formatDecimal(BigInt(String(row.BilledCost)));
  return `${at} ${(end - start) / MINUTE}m ${usd} ${row.ChargeClass} ${quantity} ${row.PricingUnit} ${row.x_OriginalCurrency}`;
}

function read(
  bench: Bench,
  charges: readonly Charge[],
  range: Range = { start: SINCE, end: NOON },
  asOf = NOON,
) {
  bench.apply(statement('hour', range, asOf, charges), asOf);
}

function usage(at: Instant, measure: Charge['measure'], count: number, more: Partial<Charge> = {}): Charge {
  const value = fromNumber(count);
  return { at, measure, resource: 'a', model: 'm', tier: '', detail: '', value, ...more };
}

const opened = (stream = {}, account = {}) => openBench(settings(stream, { since: SINCE, ...account }));
const at = (day: number, hour = 0) => OCTOBER.start + (day - 1) * DAY + hour * HOUR;

test('focus rows: one per cost cell, with the usage of its labels', () => {
  const bench = opened();
  read(bench, [
    cost(at(3, 5), 'a', 1.5, { model: 'm' }),
    usage(at(3, 5), 'tokens', 100, { detail: 'input' }),
    usage(at(3, 5), 'tokens', 7, { detail: 'output' }),
    usage(at(3, 5), 'requests', 3),
    usage(at(3, 5), 'units', 9, { model: 'other', detail: 'sku' }),
    cost(at(3, 6), 'a', 2, { model: 'm', currency: 'VCU', detail: 'VCU' }),
    usage(at(3, 6), 'billed_seconds', 60),
    cost(at(3, 7), 'b', 0.000000000001),
    cost(utc('2026-11-01'), 'a', 40),
  ]);
  assert.deepEqual(texts(bench, OCTOBER), [
    '10-03T05:00 60m 1.5 null 107 Tokens USD',
    '10-03T06:00 60m 0.2 null 60 Seconds VCU',
    '10-03T07:00 60m 0.000000000001 null 1 Units USD',
  ]);
  const [tokens, converted] = rowsOf(bench, OCTOBER);
  assert.equal(tokens?.x_InputTokens, fromNumber(100));
  assert.equal(tokens?.x_OutputTokens, fromNumber(7));
  assert.equal(tokens?.x_CachedInputTokens, null);
  assert.equal(tokens?.x_Requests, fromNumber(3));
  assert.equal(converted?.x_OriginalCost, fromNumber(2));
  assert.deepEqual(gapsOf(bench, OCTOBER), []);
});

test('focus rows: usage of one label set that is paid in two currencies counts once', () => {
  const bench = opened();
  read(bench, [
    cost(at(3, 5), 'a', 1, { model: 'm' }),
    cost(at(3, 5), 'a', 1, { model: 'm', currency: 'DIEM', detail: 'DIEM' }),
    usage(at(3, 5), 'tokens', 100, { detail: 'input' }),
  ]);
  assert.deepEqual(texts(bench, OCTOBER), [
    '10-03T05:00 60m 1 null 100 Tokens USD',
    '10-03T05:00 60m 1 null 1 Units DIEM',
  ]);
});

test('focus rows: a cell below zero is a correction only if its month is below zero', () => {
  const bench = opened();
  read(bench, [
    cost(at(3), 'a', 5),
    cost(at(4), 'a', -2),
    cost(at(4), 'b', 1),
    cost(at(5), 'b', -3),
    cost(utc('2026-11-02'), 'b', 9),
    cost(utc('2026-11-03'), 'b', -1),
  ]);
  assert.deepEqual(
    texts(bench, { start: SINCE, end: NOON - 12 * HOUR }).map((text) =>
      text.split(' ').slice(2, 4).join(' '),
    ),
    ['5 null', '-2 null', '1 null', '-3 Correction', '9 null', '-1 null'],
  );
});

test('focus rows: minutes are rows of a minute, and one truth at several granularities is not added up', () => {
  const minutes = opened({ granularities: ['minute'] });
  const charges = [cost(at(3) + 5 * MINUTE, 'a', 1), cost(at(3) + 61 * MINUTE, 'a', 2)];
  minutes.apply(statement('minute', { start: SINCE, end: NOON }, NOON, charges), NOON);
  assert.deepEqual(texts(minutes, OCTOBER), [
    '10-03T00:05 1m 1 null 1 Units USD',
    '10-03T01:01 1m 2 null 1 Units USD',
  ]);
  const sliding = opened(SLIDING);
  const day = { start: at(3), end: at(4) };
  sliding.apply(statement('day', day, at(4) + HOUR, [cost(at(3), 'a', 3)]), at(4) + HOUR);
  sliding.apply(statement('hour', day, at(4) + HOUR + 1, [cost(at(3, 4), 'a', 3)]), at(4) + HOUR + 1);
  assert.deepEqual(texts(sliding, OCTOBER), ['10-03T04:00 60m 3 null 1 Units USD']);
});

/** A ledger that is about to close October. */
function october() {
  const bench = opened({ reachMs: 2 * DAY, settleMs: 2 * DAY });
  read(bench, [cost(at(3), 'a', 1), cost(at(9), 'a', 2)], { start: SINCE, end: OCTOBER.end }, OCTOBER.end);
  const now = utc('2026-12-05');
  read(bench, [], { start: OCTOBER.end, end: now }, now);
  return { bench, now };
}

const OCTOBER_BY_DAY = ['10-03T00:00 1440m 1 null 1 Units USD', '10-09T00:00 1440m 2 null 1 Units USD'];

test('focus rows: a closed month has the days of the archive', () => {
  const { bench, now } = october();
  bench.ledger.maintain(now);
  assert.deepEqual(texts(bench, OCTOBER, now), OCTOBER_BY_DAY);
  assert.deepEqual(texts(bench, { start: at(3), end: at(5) }, now), OCTOBER_BY_DAY.slice(0, 1));
  assert.deepEqual(gapsOf(bench, { start: at(3), end: at(5) }, now), []);
});

test('focus rows: a month that is closed during the export loses nothing', () => {
  const { bench, now } = october();
  const rows: Record<string, unknown>[] = [];
  for (const row of exportOf(bench, OCTOBER, now).rows()) {
    if (row) rows.push(recordOf(row));
    if (rows.length === 1) bench.ledger.maintain(now);
  }
  assert.deepEqual(rows.map(textOf), ['10-03T00:00 60m 1 null 1 Units USD', ...OCTOBER_BY_DAY.slice(1)]);
});

test('focus rows: a month whose days are not kept is one row, or a gap if only a part is asked for', () => {
  const { bench, now } = october();
  bench.ledger.maintain(now, 1);
  assert.deepEqual(texts(bench, OCTOBER, now), ['10-01T00:00 44640m 3 null 1 Units USD']);
  assert.deepEqual(gapsOf(bench, OCTOBER, now), []);
  const part = { start: at(3), end: at(5) };
  assert.deepEqual(texts(bench, part, now), []);
  assert.deepEqual(gapsOf(bench, part, now), ['prod 10-03 10-05 kept_by_month']);
});

test('focus gaps: names the days that were not read, and amounts without an exchange rate', () => {
  const bench = opened();
  assert.deepEqual(gapsOf(bench, OCTOBER), ['prod 10-01 11-01 nothing_read']);
  read(bench, [cost(at(6), 'a', 1)], { start: at(5), end: NOON });
  assert.deepEqual(gapsOf(bench, OCTOBER), ['prod 10-01 10-05 not_read_whole']);
  assert.deepEqual(texts(bench, OCTOBER), ['10-06T00:00 60m 1 null 1 Units USD'], 'what is known is there');
  const euros = cost(at(2), '', 1, { currency: 'EUR', detail: 'EUR' });
  read(bench, [euros], { start: SINCE, end: at(5) }, NOON + 1);
  assert.deepEqual(gapsOf(bench, OCTOBER), ['prod 10-02 10-03 no_exchange_rate']);
  assert.deepEqual(gapsOf(bench, { start: SINCE - 2 * DAY, end: SINCE }), ['prod 09-29 10-01 before_since']);
});

test('focus rows: label sets beyond the limit share a row, and all rows add up to the months', () => {
  const bench = opened({}, { maxSeries: 40 });
  const names = Array.from({ length: 30 }, (_, index) => `r${index}`);
  read(
    bench,
    names.map((name, index) => cost(at(1 + (index % 9)), name, index + 0.25)),
  );
  const rows = rowsOf(bench, OCTOBER);
  assert.ok(rows.some(({ ResourceId }) => ResourceId === '__overflow__'));
  assert.ok(rows.length < names.length);
  const sum = rows.reduce((total, { BilledCost }) => total + BigInt(String(BilledCost)), 0n);
  assert.equal(sum, fromNumber(30 * 14.5 + 30 * 0.25));
});
