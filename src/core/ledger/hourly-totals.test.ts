import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  type Bench,
  cost,
  openBench,
  settings,
  statement,
  utc,
} from '../../../test/support/ledger/ledger.ts';
import { assertProperty } from '../../../test/support/ledger/property.ts';
import { HOUR, type Instant, MINUTE } from '../values/time.ts';
import { firstHour, hourlyTotalsOfCells } from './hourly-totals.ts';

const NOON = utc('2026-11-20T12:00');
const MINUTES = settings({ granularities: ['minute'] });

/** Hours as text, those that came to nothing left out. */
function hoursOf({ state }: Bench): string[] {
  return [...state.hourlyTotals(1)]
    .flatMap(([hour, sums]) => [...sums].map(([currency, value]) => ({ hour, currency, value })))
    .flatMap(({ hour, currency, value }) => (value === 0n ? [] : `${hour} ${currency} ${value}`))
    .sort();
}

function recounted({ state, store }: Bench, now: Instant): string[] {
  const [streamSettings = assert.fail()] = MINUTES.streams;
  const rows = hourlyTotalsOfCells({ state, stream: 1, settings: streamSettings, now }, store);
  return rows
    .flatMap(({ hour, currency, value }) => (value === 0n ? [] : `${hour} ${currency} ${value}`))
    .sort();
}

const charge = fc.record({
  minute: fc.integer({ min: 0, max: 60 * 60 - 1 }),
  resource: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
  detail: fc.constantFrom('USD', 'DIEM'),
  dollars: fc.integer({ min: -5, max: 50 }),
});
const history = fc.array(
  fc.record({
    from: fc.nat(59),
    length: fc.integer({ min: 1, max: 20 }),
    charges: fc.array(charge, { maxLength: 20 }),
  }),
  { minLength: 1, maxLength: 12 },
);

describe('hourly totals', () => {
  test('equal the cells after restatements, overflow and refused commits', () => {
    assertProperty(
      fc.property(history, fc.nat(11), (statements, refused) => {
        const bench = openBench({ ...MINUTES, maxSeries: 30 });
        const begin = firstHour(NOON, { lagMs: 0 });
        for (const [index, { from, length, charges }] of statements.entries()) {
          const range = { start: begin + from * HOUR, end: begin + (from + length) * HOUR };
          const inside = charges
            .map(({ minute, resource, detail, dollars }) =>
              cost(begin + minute * MINUTE, resource, dollars, { detail }),
            )
            .filter(({ at }) => at >= range.start && at < range.end);
          if (index === refused) {
            bench.failNextCommit();
            assert.throws(() => bench.apply(statement('minute', range, NOON + index, inside), NOON));
          } else bench.apply(statement('minute', range, NOON + index, inside), NOON);
        }
        if (bench.state.streams.size > 0) assert.deepEqual(hoursOf(bench), recounted(bench, NOON));
        const before = hoursOf(bench);
        bench.reopen();
        assert.deepEqual(hoursOf(bench), before);
        bench.ledger.close();
      }),
      { numRuns: 60 },
    );
  });

  test('are kept for two days', () => {
    const bench = openBench(MINUTES);
    const range = { start: NOON - 72 * HOUR, end: NOON };
    const charges = Array.from({ length: 72 }, (_, index) => cost(range.start + index * HOUR, 'a', 1));
    bench.apply(statement('minute', range, NOON, charges));
    assert.equal(bench.state.hourlyTotals(1).size, 48);
    bench.ledger.maintain(NOON + 5 * HOUR);
    assert.equal(bench.state.hourlyTotals(1).size, 43);
    bench.reopen();
    assert.equal(bench.state.hourlyTotals(1).size, 43);
    bench.ledger.close();
  });

  test('are built once from the cells of an older ledger', () => {
    const bench = openBench(MINUTES);
    const range = { start: NOON - 30 * HOUR, end: NOON };
    const charges = [cost(NOON - MINUTE, 'a', 1), cost(NOON - HOUR, 'b', 2, { detail: 'DIEM' })];
    bench.apply(statement('minute', range, NOON, charges));
    const before = hoursOf(bench);
    assert.equal(before.length, 2);
    bench.store.commit({ droppedHourlyTotals: { stream: 1, before: Number.MAX_SAFE_INTEGER } });
    bench.reopen();
    assert.deepEqual(hoursOf(bench), before);
    bench.ledger.close();
  });
});
