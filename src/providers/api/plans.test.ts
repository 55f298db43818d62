import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { coverageOf } from '../../../test/support/ledger/coverage.ts';
import { DAY, HOUR, isoDay, type Range } from '../../core/values/time.ts';
import { planDays, planHours } from './plans.ts';

const TODAY = Date.UTC(2026, 10, 20);
const NOW = TODAY + 9 * HOUR;
const WINDOW = { windowMs: 3 * DAY };

function planned(
  read: readonly (Range & { asOf: number })[],
  closedBuckets = false,
  since = TODAY - 10 * DAY,
) {
  const context = { now: NOW, since, coverage: coverageOf(read) };
  const ranges = planDays(context, { ...WINDOW, closedBuckets });
  return ranges.map(({ start, end }) => `${isoDay(start)} ${isoDay(end)}`);
}

describe('planDays', () => {
  it('reads the window first and then what was never read, newest first, no range longer than the window', () => {
    assert.deepEqual(planned([], false, TODAY - 6 * DAY), [
      '2026-11-18 2026-11-21',
      '2026-11-15 2026-11-18',
      '2026-11-14 2026-11-15',
    ]);
  });

  it('leaves today out if the provider bills days that have ended', () => {
    assert.deepEqual(planned([], true, TODAY - 2 * DAY), ['2026-11-18 2026-11-20']);
  });

  for (const [closedBuckets, lastMs] of [
    [false, 2 * DAY],
    [true, 3 * DAY],
  ] as const) {
    it(`reads a day again that left the window unsettled, closed buckets: ${closedBuckets}`, () => {
      const day = { start: TODAY - 10 * DAY, end: TODAY - 9 * DAY };
      const rest = { start: day.end, end: TODAY, asOf: NOW };
      const older = (asOf: number) => planned([{ ...day, asOf }, rest], closedBuckets).slice(1);
      assert.deepEqual(older(day.start + lastMs - 1), ['2026-11-10 2026-11-11']);
      assert.deepEqual(older(day.start + lastMs), []);
    });
  }

  it('reads nothing before the account begins', () => {
    assert.deepEqual(planned([], true, TODAY), []);
  });
});

describe('planHours', () => {
  const WEEK = { windowMs: 50 * HOUR, maxRangeMs: 72 * HOUR };
  const plannedHours = (read: readonly (Range & { asOf: number })[], since: number) => {
    const ranges = planHours({ now: NOW, since, coverage: coverageOf(read) }, WEEK);
    return ranges.map(({ start, end }) => [(start - TODAY) / HOUR, (end - TODAY) / HOUR]);
  };

  it('reads the window with the open hour first and then older hours, newest first, in ranges of whole days', () => {
    assert.deepEqual(plannedHours([], TODAY - 6 * DAY), [
      [-40, 10],
      [-96, -40],
      [-144, -96],
    ]);
  });

  it('reads the whole day again of which an hour was last read before it settled', () => {
    const hour = { start: TODAY - 90 * HOUR, end: TODAY - 89 * HOUR };
    const read = (asOf: number) => [
      { start: TODAY - 6 * DAY, end: hour.start, asOf: NOW },
      { ...hour, asOf },
      { start: hour.end, end: NOW, asOf: NOW },
    ];
    assert.deepEqual(plannedHours(read(hour.start + 49 * HOUR - 1), TODAY - 6 * DAY), [
      [-40, 10],
      [-96, -72],
    ]);
    assert.deepEqual(plannedHours(read(hour.start + 49 * HOUR), TODAY - 6 * DAY), [[-40, 10]]);
  });
});
