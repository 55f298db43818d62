import assert from 'node:assert/strict';
import { test } from 'node:test';
import { slopeOf } from '../soak/figures.ts';
import { shortPlan } from '../soak/plans.ts';
import { soak } from '../soak/run.ts';
import { SEED } from '../support/ledger/property.ts';

test('soak: totals are exact after days of polls, faults, revisions, kills and restarts in three time zones over a month end', async (context) => {
  const { polls, kills, restarts, refusedPushes, failures, counters, measured } = await soak(shortPlan(SEED));
  context.diagnostic(`${polls} polls, ${[...failures.keys()].join(' ')}, ${refusedPushes} pushes refused`);
  assert.ok(kills === 2 && restarts > 0 && failures.size > 0 && counters > 50);
  assert.ok(measured.length > 0 && measured.every(({ handles, heap }) => handles > 0 && heap > 0));
});

test('soak: steady growth is detected, fluctuation is not', () => {
  const measured = [3, 1, 4, 1, 5, 9, 2, 6].map((noise, day) => {
    return {
      at: day * 86_400_000,
      heap: 100 + 7 * day,
      rss: 100 + noise,
      handles: 0,
      ledger: 0,
      wal: 0,
    };
  });
  assert.equal(Math.round(slopeOf(measured, ({ heap }) => heap) * 1e6) / 1e6, 7);
  assert.ok(Math.abs(slopeOf(measured, ({ rss }) => rss)) < 1);
});
