import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ReadCoverage } from '../../../core/statement/series.ts';
import { HOUR, MINUTE } from '../../../core/values/time.ts';
import { NorthflankConfig } from '../account/config.ts';
import { historyHours, planHours } from './plan.ts';

const MIDNIGHT = Date.parse('2026-11-22T00:00:00Z');
const at = (hours: number, minutes = 0) => MIDNIGHT + hours * HOUR + minutes * MINUTE;
const config = NorthflankConfig.parse({});

/** Hours by their start, and when each was read last. */
function read(asOfs: ReadonlyMap<number, number>): ReadCoverage {
  return { asOf: (start) => asOfs.get(start), latest: () => undefined, gaps: (range) => [range] };
}

function everyHour(from: number, to: number, asOf: (end: number) => number): Map<number, number> {
  const hours = Array.from({ length: to - from }, (_, index) => at(from + index));
  return new Map(hours.map((start) => [start, asOf(start + HOUR)]));
}

const nothing = () => false;
const nothingRead = read(new Map());
const starts = (ranges: readonly { start: number }[]) => ranges.map(({ start }) => (start - MIDNIGHT) / HOUR);

describe('due hours', () => {
  const base = { config, since: at(-100) };

  for (const { name, now, asOf, due } of [
    { name: 'nothing one second before an hour is due', now: at(10, 15) - 1000, asOf: undefined, due: false },
    { name: 'the hour at the instant it is due', now: at(10, 15), asOf: undefined, due: true },
    { name: 'nothing once it was read', now: at(10, 20), asOf: at(10, 15), due: false },
    { name: 'nothing right before the second reading', now: at(11, 15) - 1, asOf: at(10, 15), due: false },
    { name: 'the second reading an hour later', now: at(11, 15), asOf: at(10, 15), due: true },
    { name: 'nothing between the second and the third', now: at(16, 14), asOf: at(11, 15), due: false },
    { name: 'the third reading six hours later', now: at(16, 15), asOf: at(11, 15), due: true },
    { name: 'nothing between the third and the last', now: at(34, 14), asOf: at(16, 15), due: false },
    { name: 'the last reading a day later', now: at(34, 15), asOf: at(16, 15), due: true },
    { name: 'one reading for all that were missed', now: at(20), asOf: at(10, 15), due: true },
    { name: 'nothing after the last', now: at(36), asOf: at(34, 15), due: false },
  ]) {
    it(`are ${name}`, () => {
      const readings = everyHour(-100, 100, (end) => end + 1000 * HOUR);
      if (asOf === undefined) readings.delete(at(9));
      else readings.set(at(9), asOf);
      const ranges = planHours({ ...base, now, coverage: read(readings) });
      assert.deepEqual(starts(ranges), due ? [9] : []);
    });
  }

  it('come newest first, whole, and from the last day and a little only', () => {
    const ranges = planHours({ ...base, now: at(10, 15), coverage: nothingRead });
    assert.deepEqual(
      starts(ranges),
      Array.from({ length: 26 }, (_, index) => 9 - index),
    );
    for (const { start, end } of ranges) assert.equal(end - start, HOUR);
  });

  it('never begin before since, nor in the middle of an hour', () => {
    const ranges = planHours({ ...base, since: at(7, 30), now: at(10, 15), coverage: nothingRead });
    assert.deepEqual(starts(ranges), [9, 8]);
  });

  it('wait as long as dueAfter says', () => {
    const late = NorthflankConfig.parse({ dueAfter: '2h' });
    const ranges = planHours({ ...base, config: late, since: at(7), now: at(11, 59), coverage: nothingRead });
    assert.deepEqual(starts(ranges), [8, 7]);
  });
});

describe('history', () => {
  const base = { config, since: at(-200), now: at(10, 15), coverage: nothingRead };

  it('begins where the due hours end: every hour belongs to one feed', () => {
    const context = { ...base, since: at(-25) };
    const [recent, history] = [planHours(context), historyHours(context, nothing)];
    assert.deepEqual(
      [...starts(recent), ...starts(history)],
      Array.from({ length: 35 }, (_, index) => 9 - index),
    );
  });

  it('takes the newest two hundred hours a run', () => {
    const ranges = historyHours({ ...base, since: at(-1000) }, nothing);
    assert.equal(ranges.length, 200);
    assert.deepEqual(starts(ranges.slice(0, 2)), [-17, -18]);
  });

  it('takes any number of hours that need no request beside them, all in their order', () => {
    const isNight = ({ start }: { start: number }) => (start / HOUR) % 24 < 8;
    const ranges = historyHours({ ...base, since: at(-1000) }, isNight);
    const nights = ranges.filter(isNight);
    assert.equal(ranges.length - nights.length, 200);
    assert.equal(nights.length, 984 / 3);
    assert.deepEqual(
      starts(ranges),
      starts(ranges).toSorted((a, b) => b - a),
    );
  });

  it('skips what was read after it settled, and takes up what was not', () => {
    const settled = everyHour(-200, 0, (end) => end + 25 * HOUR);
    settled.set(at(-30), at(-4, -45));
    settled.set(at(-40), at(-39, 15));
    settled.delete(at(-60));
    const ranges = historyHours({ ...base, coverage: read(settled) }, nothing);
    assert.deepEqual(starts(ranges), [-40, -60]);
  });
});
