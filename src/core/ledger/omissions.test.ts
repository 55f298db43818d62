import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import {
  type Bench,
  cost,
  openBench,
  settings,
  statement,
  utc,
} from '../../../test/support/ledger/ledger.ts';
import type { Charge } from '../statement/statement.ts';
import { DAY, HOUR, type Instant, MINUTE } from '../values/time.ts';

const NOON = utc('2026-11-20T12:00');
const DAYS = { granularities: ['day'], settleMs: 31 * DAY, reachMs: 31 * DAY } as const;
const TODAY = { start: NOON - 12 * HOUR, end: NOON + 12 * HOUR };
const TIERS = ['dedicated', 'training'];

const paid = (tier: string, dollars: number, at: Instant = NOON) => cost(at, tier, dollars, { tier });
const today = (bench: Bench, now: Instant) =>
  TIERS.map((tier) => bench.value('ai_billing_cost_today_usd', tier, now));

function begun(): Bench {
  const bench = openBench(settings(DAYS, { since: TODAY.start }));
  bench.apply(statement('day', TODAY, NOON, [paid('dedicated', 7), paid('training', 3)]));
  return bench;
}

test('omissions: an empty response is confirmed by another one 15 minutes later, not before', () => {
  const bench = begun();
  const nothing = (after: number) => bench.apply(statement('day', TODAY, NOON + after, [], TIERS));
  assert.deepEqual([...nothing(MINUTE).keptTiers].sort(), TIERS);
  assert.deepEqual(today(bench, NOON), [7, 3]);
  assert.equal(nothing(15 * MINUTE).keptTiers.size, 2, '14 minutes after the first');
  bench.reopen();
  assert.deepEqual(today(bench, NOON), [7, 3]);
  assert.equal(nothing(16 * MINUTE).keptTiers.size, 0);
  assert.deepEqual(today(bench, NOON), [0, 0]);
  assert.equal(bench.value('ai_billing_cost_corrections_usd_total', 'dedicated', NOON), 7);
  bench.ledger.close();
});

test('omissions: a missing category is kept while others move, and its wait restarts once it is back', () => {
  const bench = begun();
  const without = (after: number, dollars: number) =>
    bench.apply(statement('day', TODAY, NOON + after, [paid('dedicated', dollars)], ['training']));
  without(MINUTE, 8);
  assert.deepEqual(today(bench, NOON), [8, 3]);
  bench.apply(statement('day', TODAY, NOON + 10 * MINUTE, [paid('dedicated', 9), paid('training', 4)]));
  assert.deepEqual(today(bench, NOON), [9, 4]);
  without(20 * MINUTE, 10);
  assert.deepEqual(today(bench, NOON), [10, 4], 'the first silence was over');
  without(35 * MINUTE, 10);
  assert.deepEqual(today(bench, NOON), [10, 0]);
  bench.ledger.close();
});

test('omissions: a missing category without money is zero', () => {
  const bench = openBench(settings(DAYS, { since: TODAY.start }));
  assert.equal(bench.apply(statement('day', TODAY, NOON, [], TIERS)).keptTiers.size, 0);
  bench.apply(statement('day', TODAY, NOON + 1, [paid('dedicated', 2)], ['training']));
  assert.equal(bench.state.omissions(1).length, 0);
  bench.ledger.close();
});

test('omissions: what a statement leaves untold stays as it is, however long, and the rest of its tier moves', () => {
  const bench = begun();
  const untold = [{ tier: 'training', measures: ['cost'] }] as const;
  const tokens = (value: bigint): Charge => ({
    ...paid('training', 0),
    measure: 'tokens',
    detail: 'input',
    value,
  });
  const apply = (after: number, charges: readonly Charge[]) =>
    bench.apply({ ...statement('day', TODAY, NOON + after, charges), untold });
  for (const after of [MINUTE, 16 * MINUTE, 40 * DAY]) {
    const count = BigInt(after);
    assert.equal(apply(after, [paid('dedicated', 8), tokens(count)]).keptTiers.size, 0);
    assert.deepEqual(today(bench, NOON), [8, 3]);
    bench.reopen();
    assert.equal(bench.state.omissions(1).length, 0);
  }
  apply(41 * DAY, [paid('dedicated', 8)]);
  const [total = 0, taken = 0] = ['ai_billing_tokens_total', 'ai_billing_tokens_corrections_total'].map(
    (name) =>
      [...bench.values(NOON)].filter(([key]) => key.startsWith(`${name}|`)).map(([, value]) => value)[0],
  );
  assert.equal(total - taken, 0, 'tokens were told: they are gone');
  bench.apply(statement('day', TODAY, NOON + 42 * DAY, [paid('dedicated', 8), paid('training', 1)]));
  assert.deepEqual(today(bench, NOON), [8, 1]);
  bench.ledger.close();
});

test('omissions: each hour is confirmed separately, and counts as unread until then', () => {
  const bench = openBench(settings({}, { since: NOON - 4 * HOUR }));
  const hour = (at: Instant) => ({ start: at, end: at + HOUR });
  for (let at = NOON - 4 * HOUR; at < NOON; at += HOUR)
    bench.apply(statement('hour', hour(at), NOON + (at - NOON) / HOUR, [paid('dedicated', 1, at)]));
  const { start } = hour(NOON - HOUR);
  const silent = (at: Instant, asOf: Instant) =>
    bench.apply(statement('hour', hour(at), asOf, [], ['dedicated']));
  assert.equal(silent(start, NOON + HOUR).keptTiers.size, 1);
  assert.equal(bench.ledger.coverage(bench.account, 'usage', 'hour').asOf(start), undefined);
  assert.notEqual(bench.ledger.coverage(bench.account, 'usage', 'hour').asOf(start - HOUR), undefined);
  assert.equal(silent(start - HOUR, NOON + 2 * HOUR).keptTiers.size, 1, 'another hour confirms nothing');
  assert.equal(today(bench, NOON)[0], 4);
  assert.equal(silent(start, NOON + 2 * HOUR).keptTiers.size, 0);
  assert.equal(today(bench, NOON)[0], 3);
  bench.ledger.close();
});

test('omissions: an omission follows a sliding range and is confirmed after the same time', () => {
  const bench = openBench(settings({ granularities: ['minute'] }, { since: NOON - HOUR }));
  const window = (at: Instant) => ({ start: at - HOUR, end: at });
  bench.apply(statement('minute', window(NOON), NOON, [paid('', 5, NOON - MINUTE)]));
  const held = [];
  for (let after = 1; after <= 17; after += 1) {
    const at = NOON + after * MINUTE;
    held.push(bench.apply(statement('minute', window(at), at, [], [''])).keptTiers.size);
  }
  assert.deepEqual(held, [...Array(15).fill(1), 0, 0]);
  assert.equal(bench.value('ai_billing_cost_today_usd', '', NOON + HOUR), 0);
  bench.ledger.close();
});

test('omissions: daylight saving time on the host changes nothing', () => {
  const program = `
    const { openBench, settings, SLIDING, statement, cost, utc } = await import(${JSON.stringify(import.meta.resolve('../../../test/support/ledger/ledger.ts'))});
    const values = [];
    for (const day of ['2026-03-08', '2026-04-05', '2026-10-04', '2026-11-01']) {
      const start = utc(day);
      const bench = openBench(settings({}, { since: start - 86400000 }));
      for (let hour = -24; hour < 30; hour += 1) {
        const at = start + hour * 3600000;
        bench.apply(statement('hour', { start: at, end: at + 3600000 }, at + 3600001, [cost(at, 'a', 1)]));
        if (hour % 6 === 0) values.push([...bench.values(at + 3600001)]);
      }
      bench.ledger.maintain(start + 5 * 86400000);
      values.push([...bench.values(start + 29 * 3600000)]);
    }
    console.log(JSON.stringify([new Date('2026-11-01T12:00:00Z').getHours(), values]));`;
  const said = ['UTC', 'America/New_York', 'Australia/Lord_Howe'].map((zone) => {
    const args = ['--input-type=module', '--eval', program];
    const { stdout, stderr } = spawnSync(process.execPath, args, {
      env: { ...process.env, TZ: zone },
      encoding: 'utf8',
    });
    assert.equal(stderr, '');
    const [hour, values]: [number, unknown] = JSON.parse(stdout);
    return { hour, values: JSON.stringify(values) };
  });
  assert.deepEqual(
    said.map(({ hour }) => hour),
    [12, 7, 23],
    'the children live in their zones',
  );
  assert.equal(said[1]?.values, said[0]?.values);
  assert.equal(said[2]?.values, said[0]?.values);
});
