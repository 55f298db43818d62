import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type Bench,
  cost,
  FEED,
  openBench,
  settings,
  statement,
  utc,
} from '../../../test/support/ledger/ledger.ts';
import { MAX_DOLLARS } from '../values/money.ts';
import { DAY } from '../values/time.ts';
import { splitStatement } from './split-statement.ts';

const START = utc('2026-11-01');
const NOW = utc('2026-11-20T12:00');
const RANGE = { start: START, end: START + 20 * DAY };
const day = (index: number) => START + index * DAY;

/** So many resources that each cost a dollar on each of some days. */
const linesOf = (resources: number, days: readonly number[]) =>
  days.flatMap((index) =>
    Array.from({ length: resources }, (_, resource) => cost(day(index), `r${resource}`, 1)),
  );

describe('split statement', () => {
  it('makes parts of whole days, newest first, that cover the range and all charges', () => {
    const lines = linesOf(4, [0, 1, 2, 5, 19]);
    const parts = splitStatement(statement('day', RANGE, NOW, lines, ['x']), 10);
    assert.deepEqual(
      parts.map(({ range, charges }) => [range.start, range.end, charges.length]),
      [
        [day(3), RANGE.end, 8],
        [day(1), day(3), 8],
        [day(0), day(1), 4],
      ],
    );
    assert.deepEqual(new Set(parts.flatMap((part) => part.charges)), new Set(lines));
    for (const { asOf, omittedTiers } of parts) assert.deepEqual([asOf, omittedTiers], [NOW, ['x']]);
  });

  it('keeps a small statement, or one of a single day, in one part', () => {
    const small = statement('day', RANGE, NOW, linesOf(10, [3]));
    assert.deepEqual(splitStatement(small, 10), [small]);
    const oneDay = splitStatement(statement('day', RANGE, NOW, linesOf(11, [3])), 10);
    assert.deepEqual(
      oneDay.map(({ range }) => range),
      [RANGE],
    );
  });

  it('gives the same ledger as the whole statement, first and later', () => {
    const [whole, split] = [0, 1].map(() => openBench(settings({ granularities: ['day'] })));
    assert.ok(whole && split);
    const readings = [
      linesOf(3, [0, 1, 2, 18, 19]),
      linesOf(3, [0, 1, 2, 18, 19]),
      [...linesOf(2, [0, 2, 18]), ...linesOf(4, [19])],
    ];
    for (const [index, lines] of readings.entries()) {
      const given = statement('day', RANGE, NOW + index, lines);
      whole.apply(given);
      for (const part of splitStatement(given, 4)) split.apply(part);
      const cellsOf = ({ store }: Bench) => store.cells(1, 'day', RANGE);
      assert.deepEqual(cellsOf(split), cellsOf(whole));
      assert.deepEqual(split.values(NOW + index), whole.values(NOW + index));
    }
  });

  it('refuses the whole statement for a stray or implausible charge in any part', () => {
    const { ledger, account } = openBench(settings({ granularities: ['day'] }));
    const lines = linesOf(6000, [18, 19]);
    const split = (more: ReturnType<typeof cost>) =>
      ledger.split({ account, feed: FEED }, statement('day', RANGE, NOW, [...lines, more]));
    assert.equal(split(cost(day(0), 'r', 1)).length, 2);
    assert.throws(() => split(cost(day(0) - 1, 'r', 1)), /outside the statement's range/);
    assert.throws(() => split({ ...cost(day(0), 'r', 1), value: 2n * MAX_DOLLARS }), /cannot be right/);
  });
});
