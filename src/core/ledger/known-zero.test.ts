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
import { WINDOWS } from '../reports/windows.ts';
import { DAY, HOUR, type Instant, MINUTE } from '../values/time.ts';

const SINCE = utc('2026-10-01');
const NOON = utc('2026-11-20T12:00');
const ZERO = 'test|prod||||USD';
const TOTAL = 'ai_billing_cost_usd_total';
const CORRECTIONS = 'ai_billing_cost_corrections_usd_total';

const read = (
  bench: Bench,
  start: Instant,
  end: Instant,
  charges: Parameters<typeof statement>[3] = [],
  asOf = end,
) => bench.apply(statement('hour', { start, end }, asOf, charges), asOf);

/** Families of cost with their series, without the account's name. */
function costs(bench: Bench, now: Instant): Record<string, number> {
  const all = [...bench.values(now)].filter(([key]) =>
    /^ai_billing_(cost_.*_usd|cost_usd_total|resource_info)/.test(key),
  );
  return Object.fromEntries(
    all.map(([key, value]) => [key.replace('test|prod|', '').replace('ai_billing_', ''), value]),
  );
}

function sampleOf({ ledger }: Bench, name: string, now: Instant) {
  const family = ledger.publish(now).families.find((each) => each.name === name);
  return family?.samples.find(({ labels }) => labels.join('|') === ZERO);
}

const ALL_ZERO = {
  'cost_usd_total||||USD': 0,
  'cost_corrections_usd_total||||USD': 0,
  'cost_today_usd||||USD': 0,
  'cost_yesterday_usd||||USD': 0,
  'cost_month_to_date_usd||||USD': 0,
  'cost_last_month_usd||||USD': 0,
  'resource_info||||||||': 1,
};

describe('known zero of an account', () => {
  test('is one series once the account was read, and none before', () => {
    const bench = openBench(settings({}, { since: SINCE }));
    assert.deepEqual(costs(bench, NOON), {});
    read(bench, SINCE, NOON);
    assert.deepEqual(costs(bench, NOON), ALL_ZERO);
    bench.reopen();
    assert.deepEqual(costs(bench, NOON), ALL_ZERO);
    const values = bench.values(NOON);
    assert.equal(
      values.get('ai_billing_series|test|prod'),
      values.size,
      'it counts as the series that it is',
    );
    bench.ledger.close();
  });

  test('covers known windows only', () => {
    const bench = openBench(settings({}, { since: SINCE }));
    read(bench, NOON - 13 * HOUR, NOON);
    assert.deepEqual(Object.keys(costs(bench, NOON)), [
      'cost_usd_total||||USD',
      'cost_corrections_usd_total||||USD',
      'cost_today_usd||||USD',
      'resource_info||||||||',
    ]);
    const holed = openBench(settings({}, { since: SINCE }));
    read(holed, NOON - HOUR, NOON);
    assert.deepEqual(costs(holed, NOON), {}, 'no window is known');
    for (const each of [bench, holed]) each.ledger.close();
  });

  test('is a cost of 0 in the API, as in the gauges', () => {
    const bench = openBench(settings({}, { since: SINCE }));
    const accounts = [{ id: bench.account, provider: 'test', account: 'prod', streams: ['usage'] }];
    const asked = (by: readonly ('provider' | 'currency')[]) =>
      bench.ledger.costs({ window: 'today', by }, accounts, NOON);
    assert.deepEqual([asked(['provider']).groups, asked([]).total], [[], undefined]);
    read(bench, SINCE, NOON);
    assert.deepEqual(asked(['provider', 'currency']).groups, [{ values: ['test', 'USD'], usd: 0n }]);
    assert.deepEqual([asked([]).groups, asked([]).total], [[{ values: [], usd: 0n }], 0n]);
    bench.ledger.close();
  });

  test('stays beside the first spend, so that no reader misses it', () => {
    const bench = openBench(settings({}, { since: SINCE }));
    read(bench, SINCE, NOON);
    const resources = (now: Instant) =>
      new Set(Object.keys(costs(bench, now)).map((key) => key.split('|')[1]));
    assert.deepEqual(resources(NOON), new Set(['']));
    read(bench, NOON, NOON + HOUR, [cost(NOON, 'a', 5)]);
    assert.deepEqual(resources(NOON + HOUR), new Set(['', 'a']));
    bench.reopen();
    assert.deepEqual(resources(NOON + HOUR), new Set(['', 'a']), 'a restart does not end it');
    bench.ledger.close();
  });

  test('continues as the same series when a charge has its labels', () => {
    const bench = openBench(settings({}, { since: SINCE }));
    read(bench, SINCE, NOON);
    const before = sampleOf(bench, TOTAL, NOON);
    assert.deepEqual([before?.value, before?.createdAt], [0, NOON]);
    const { version } = bench.ledger.publish(NOON);
    bench.ledger.markDelivered(version);

    const later = NOON + HOUR;
    read(bench, NOON, later, [cost(NOON, '', 5)]);
    for (const name of [TOTAL, CORRECTIONS]) {
      const held = sampleOf(bench, name, later);
      assert.deepEqual([held?.value, held?.createdAt], [0, NOON], 'its 0 is carried before its value');
    }
    assert.equal(bench.value('ai_billing_cost_today_usd', '', later), 5);
    bench.ledger.markDelivered(bench.ledger.publish(later).version);
    bench.ledger.expireZeroHolds(later + 2 * MINUTE, 2 * MINUTE);
    const released = sampleOf(bench, TOTAL, later + 2 * MINUTE);
    assert.deepEqual([released?.value, released?.createdAt], [5, NOON]);
    bench.ledger.close();
  });

  test('is shown once for all streams, and only if all are known', () => {
    const [usage] = settings().streams;
    assert.ok(usage);
    const streams = [usage, { ...usage, name: 'more' }];
    const bench = openBench(settings({}, { since: SINCE, streams }));
    const more = (end: Instant, charges: Parameters<typeof statement>[3] = []) =>
      bench.apply({ ...statement('hour', { start: SINCE, end }, end, charges), stream: 'more' });
    read(bench, SINCE, NOON);
    assert.deepEqual(costs(bench, NOON), {});
    assert.equal(bench.values(NOON).get('ai_billing_cost_window_complete|test|prod|today'), 0);
    more(NOON);
    assert.deepEqual(costs(bench, NOON), ALL_ZERO);
    assert.equal(bench.values(NOON).get('ai_billing_cost_window_complete|test|prod|today'), 1);
    more(NOON + HOUR, [cost(NOON, '', 5)]);
    assert.equal(
      bench.value('ai_billing_cost_today_usd', '', NOON + HOUR),
      5,
      'and no second one with its labels',
    );
    assert.equal(sampleOf(bench, TOTAL, NOON + HOUR)?.createdAt, NOON);
    bench.ledger.close();
  });

  test('returns long after the last spend, with counters that continue where they ended', () => {
    const bench = openBench(settings({}, { since: SINCE }));
    read(bench, SINCE, NOON);
    read(bench, NOON, NOON + HOUR, [cost(NOON, '', 5), cost(NOON, 'a', 7)]);
    bench.ledger.markDelivered(bench.ledger.publish(NOON + HOUR).version);
    bench.ledger.expireZeroHolds(NOON + 2 * HOUR, 2 * MINUTE);
    const later = NOON + 100 * DAY;
    read(bench, NOON + HOUR, later);
    const idle = { ...ALL_ZERO, 'cost_usd_total||||USD': 5 };
    assert.deepEqual(costs(bench, later), idle);
    bench.ledger.maintain(later);
    assert.deepEqual(costs(bench, later), idle, 'after upkeep');
    read(bench, later, later + HOUR, [cost(later, '', 1)]);
    assert.deepEqual(sampleOf(bench, TOTAL, later + HOUR)?.value, 5, 'held at what it showed');
    bench.ledger.markDelivered(bench.ledger.publish(later + HOUR).version);
    bench.ledger.expireZeroHolds(later + 2 * HOUR, 2 * MINUTE);
    assert.deepEqual(sampleOf(bench, TOTAL, later + 2 * HOUR)?.value, 6);
    bench.ledger.close();
  });

  test('respects the series limit', () => {
    const bench = openBench(settings({}, { since: SINCE, maxSeries: 40 }));
    const tokens = Array.from({ length: 30 }, (_, index) =>
      cost(NOON - HOUR, `r${index}`, 1, { measure: 'tokens', detail: 'input' }),
    );
    read(bench, SINCE, NOON, tokens);
    const count = bench.values(NOON).get('ai_billing_series|test|prod') ?? 0;
    assert.ok(count <= 40, `${count}`);
    assert.equal(bench.value('ai_billing_cost_today_usd', '', NOON), 0);
    bench.ledger.close();
  });
});

describe('ai_billing_cost_window_complete', () => {
  const complete = (bench: Bench, now: Instant) =>
    WINDOWS.map((window) => bench.values(now).get(`ai_billing_cost_window_complete|test|prod|${window}`));

  test('is 0 before anything was read, and disappears with its account', () => {
    const bench = openBench(settings({}, { since: SINCE }));
    assert.deepEqual(complete(bench, NOON), [0, 0, 0, 0]);
    read(bench, SINCE, NOON);
    assert.deepEqual(complete(bench, NOON), [1, 1, 1, 1]);
    bench.ledger.deactivateAccount(bench.account);
    assert.deepEqual(complete(bench, NOON), [undefined, undefined, undefined, undefined]);
    bench.ledger.close();
  });

  test('is 0 for a window that starts before since, whose gauge shows the rest', () => {
    for (const [since, expected] of [
      [SINCE, [1, 1, 1, 1]],
      [SINCE + DAY, [1, 1, 1, 0]],
      [utc('2026-11-01'), [1, 1, 1, 0]],
      [utc('2026-11-02'), [1, 1, 0, 0]],
      [utc('2026-11-19'), [1, 1, 0, 0]],
      [utc('2026-11-20'), [1, 0, 0, 0]],
    ] as const) {
      const bench = openBench(settings({}, { since }));
      read(bench, since, NOON, [cost(NOON - HOUR, 'a', 1)]);
      assert.deepEqual(complete(bench, NOON), expected, new Date(since).toISOString());
      assert.equal(bench.value('ai_billing_cost_month_to_date_usd', 'a', NOON), 1);
      bench.ledger.close();
    }
  });
});
