import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Bench,
  cost,
  OPENED,
  openBench,
  settings,
  statement,
  utc,
} from '../../../test/support/ledger/ledger.ts';
import { DEFAULT_RATES } from '../../providers/index.ts';
import { fromNumber, ONE } from '../values/money.ts';
import { DAY, HOUR, type Instant, MINUTE } from '../values/time.ts';
import { MAX_OVERFLOWED } from './series-key.ts';

const TOTAL = 'ai_billing_cost_usd_total';
const CORRECTIONS = 'ai_billing_cost_corrections_usd_total';
const ZERO_FOR = 2 * MINUTE;
const AT = utc('2026-11-20T10:00');
const hour = (at: number) => ({ start: at, end: at + HOUR });

/** Publishes as the program does: what is due is released first. Returns the publication's number. */
function publish({ ledger }: Bench, now: Instant): number {
  ledger.expireZeroHolds(now, ZERO_FOR);
  return ledger.publish(now).version;
}

function begun(): Bench {
  const bench = openBench(settings());
  bench.apply(statement('hour', hour(AT - HOUR), AT, [cost(AT - HOUR, 'old', 3)]));
  return bench;
}

test('zero-hold: series of the baseline show their first spend without a hold', () => {
  const bench = begun();
  assert.equal(bench.value(TOTAL, 'old', AT), 0);
  assert.equal(bench.value(CORRECTIONS, 'old', AT), 0);
  bench.apply(statement('hour', hour(AT), AT + HOUR, [cost(AT, 'old', 4)]));
  assert.equal(bench.value(TOTAL, 'old', AT + HOUR), 4);
  bench.ledger.close();
});

for (const restart of [
  'never',
  'after the reading',
  'after the publication',
  'after it was carried',
] as const) {
  test(`zero-hold: a new series stays at 0 until its 0 was delivered long enough ago; restart: ${restart}`, () => {
    const bench = begun();
    const at = AT + HOUR;
    bench.apply(statement('hour', hour(AT), at, [cost(AT, 'new', 5)]));
    if (restart === 'after the reading') bench.reopen();
    let version = publish(bench, at + ZERO_FOR * 5);
    assert.equal(bench.value(TOTAL, 'new', at + ZERO_FOR * 5), 0, 'time alone is not enough');
    if (restart === 'after the publication') {
      bench.reopen();
      version = publish(bench, at + ZERO_FOR * 5);
    }
    assert.equal(bench.ledger.markDelivered(version), true);
    assert.equal(bench.ledger.markDelivered(version), false);
    if (restart === 'after it was carried') bench.reopen();
    publish(bench, at + ZERO_FOR - 1);
    assert.equal(bench.value(TOTAL, 'new', at + ZERO_FOR - 1), 0, 'being carried alone is not enough');
    publish(bench, at + ZERO_FOR);
    assert.equal(bench.value(TOTAL, 'new', at + ZERO_FOR), 5);
    assert.equal(bench.value(CORRECTIONS, 'new', at + ZERO_FOR), 0);
    bench.reopen();
    assert.equal(bench.value(TOTAL, 'new', at + ZERO_FOR), 5);
    bench.ledger.close();
  });
}

test('zero-hold: setting the clock back does not prolong a hold', () => {
  const bench = begun();
  const ahead = AT + 26 * HOUR;
  bench.apply(statement('hour', hour(AT), ahead, [cost(AT, 'new', 5)]));
  assert.equal(bench.ledger.markDelivered(publish(bench, ahead)), true);
  const back = AT + HOUR;
  publish(bench, back);
  assert.equal(bench.value(TOTAL, 'new', back), 0);
  publish(bench, back + ZERO_FOR);
  assert.equal(bench.value(TOTAL, 'new', back + ZERO_FOR), 5);
  bench.ledger.close();
});

test('zero-hold: a publication older than a series does not deliver it', () => {
  const bench = begun();
  const early = publish(bench, AT + 1);
  bench.apply(statement('hour', hour(AT), AT + HOUR, [cost(AT, 'new', 5)]));
  assert.equal(bench.ledger.markDelivered(early), false);
  publish(bench, AT + 2 * HOUR);
  publish(bench, AT + 3 * HOUR);
  assert.equal(bench.value(TOTAL, 'new', AT + 3 * HOUR), 0);
  bench.ledger.close();
});

test('zero-hold: a delivery while the account is inactive does not count', () => {
  const bench = begun();
  bench.apply(statement('hour', hour(AT), AT + HOUR, [cost(AT, 'new', 5)]));
  bench.ledger.deactivateAccount(bench.account);
  bench.ledger.markDelivered(publish(bench, AT + 2 * HOUR));
  bench.ledger.openAccount(settings(), OPENED);
  publish(bench, AT + 3 * HOUR);
  assert.equal(bench.value(TOTAL, 'new', AT + 3 * HOUR), 0);
  bench.ledger.close();
});

test('zero-hold: window gauges do not wait for counters', () => {
  const bench = openBench(settings({}, { since: AT - 10 * HOUR }));
  bench.apply(statement('hour', { start: AT - 10 * HOUR, end: AT }, AT));
  bench.apply(statement('hour', hour(AT), AT + HOUR, [cost(AT, 'new', 5)]));
  assert.equal(bench.value(TOTAL, 'new', AT + HOUR), 0);
  assert.equal(bench.value('ai_billing_cost_today_usd', 'new', AT + HOUR), 5);
  bench.ledger.close();
});

test('zero-hold: a series retires after 70 quiet days and returns held at its old value', () => {
  const bench = begun();
  bench.apply(statement('hour', hour(AT), AT + HOUR, [cost(AT, 'old', 4)]));
  const quiet = AT + HOUR + 70 * DAY;
  assert.equal(bench.value(TOTAL, 'old', quiet), 4);
  bench.ledger.maintain(quiet + 1);
  assert.equal(bench.value(TOTAL, 'old', quiet + 1), undefined);
  assert.equal(bench.value(CORRECTIONS, 'old', quiet + 1), undefined);
  bench.reopen();
  const back = quiet + 3 * HOUR;
  bench.apply(statement('hour', hour(back - (back % HOUR)), back + HOUR, [cost(back, 'old', 2)]));
  assert.equal(bench.value(TOTAL, 'old', back + HOUR), 4, 'held where it left');
  bench.ledger.markDelivered(publish(bench, back + HOUR));
  publish(bench, back + 2 * HOUR);
  assert.equal(bench.value(TOTAL, 'old', back + 2 * HOUR), 6);
  bench.ledger.close();
});

test('zero-hold: a series with a cell since last month does not retire', () => {
  const bench = openBench(settings({ granularities: ['day'], settleMs: 31 * DAY, reachMs: 31 * DAY }));
  const start = utc('2026-10-01');
  bench.apply(statement('day', { start, end: start + DAY }, start + DAY, [cost(start, 'old', 4)]));
  assert.notEqual(bench.value(TOTAL, 'old', utc('2026-11-30T23:59')), undefined);
  assert.notEqual(bench.value(TOTAL, 'old', start + DAY + 70 * DAY), undefined);
  assert.equal(bench.value(TOTAL, 'old', start + DAY + 70 * DAY + 1), undefined);
  bench.ledger.close();
});

test('overflow: label sets beyond maxSeries share __overflow__ for life, and the total stays exact', () => {
  const small = settings({}, { maxSeries: 60 });
  const bench = openBench(small);
  bench.apply(statement('hour', hour(AT - HOUR), AT));
  const names = Array.from({ length: 40 }, (_, index) => `r${index}`);
  const spend = (at: Instant) => names.map((name, index) => cost(at, name, index + 1));
  bench.apply(statement('hour', hour(AT), AT + HOUR, spend(AT)));
  bench.ledger.markDelivered(publish(bench, AT + HOUR));
  publish(bench, AT + 2 * HOUR);
  const sumOf = (now: Instant) =>
    [...bench.values(now)].reduce((sum, [key, value]) => sum + (key.startsWith(`${TOTAL}|`) ? value : 0), 0);
  assert.equal(sumOf(AT + 2 * HOUR), (40 * 41) / 2);
  const folded = bench.values(AT + 2 * HOUR).get('ai_billing_series_folded_total|test|prod');
  assert.ok(folded !== undefined && folded > 0 && folded < 40, `${folded} folded`);
  const overflow = bench.value(TOTAL, '__overflow__', AT + 2 * HOUR);
  assert.ok(overflow !== undefined && overflow > 0);
  // More room and a restart later they are still folded; a corrected one moves the overflow's twin.
  bench.ledger.openAccount(settings({}, { maxSeries: 10_000 }), OPENED);
  bench.reopen();
  bench.apply(statement('hour', hour(AT), AT + 3 * HOUR, spend(AT).slice(0, 39)));
  assert.equal(bench.value(TOTAL, 'r39', AT + 3 * HOUR), undefined);
  assert.equal(bench.value(TOTAL, '__overflow__', AT + 3 * HOUR), overflow);
  assert.equal(bench.value(CORRECTIONS, '__overflow__', AT + 3 * HOUR), 40);
  assert.equal(bench.values(AT + 3 * HOUR).get('ai_billing_series_folded_total|test|prod'), folded);
  bench.ledger.close();
});

test('overflow: an account shows at most maxSeries and one overflow series per measure', () => {
  const bench = openBench(settings({}, { maxSeries: 100 }));
  bench.apply(statement('hour', hour(AT - HOUR), AT));
  const charges = Array.from({ length: 300 }, (_, index) => [
    cost(AT, `r${index}`, 1),
    cost(AT, `r${index}`, 0, { measure: 'requests', detail: '', value: ONE }),
  ]).flat();
  bench.apply(statement('hour', hour(AT), AT + HOUR, charges));
  const series = bench.values(AT + HOUR).get('ai_billing_series|test|prod') ?? Number.NaN;
  assert.ok(series <= 100 + 20, `${series} series`);
  bench.ledger.close();
});

function billedOnDay({ store }: Bench): bigint {
  return [...store.periodTotals('day', utc('2026-11-20'))].reduce((sum, [, value]) => sum + value, 0n);
}

test('overflow: overflowed label sets take no rows of series, resources or cells', () => {
  const bench = openBench(settings({}, { maxSeries: 60 }));
  bench.apply(statement('hour', hour(AT - HOUR), AT));
  const spend = (at: Instant) => Array.from({ length: 5000 }, (_, index) => cost(at, `app-${index}`, 1));
  const facts = spend(AT).map(({ resource }) => ({ resource, name: `name of ${resource}` }));
  bench.apply(statement('hour', hour(AT), AT + HOUR, spend(AT)), AT + HOUR, facts);
  bench.apply(statement('hour', hour(AT + HOUR), AT + 2 * HOUR, spend(AT + HOUR)), AT + 2 * HOUR, facts);
  const rowsOf = ({ state, store, account }: Bench) => {
    const stream = state.streamOf(account, 'usage')?.id ?? 0;
    const cells = [...store.cells(stream, 'hour', { start: AT, end: AT + 2 * HOUR }).values()];
    return [state.series.size, store.load().resources.length, ...cells.map(({ size }) => size)];
  };
  assert.ok(
    rowsOf(bench).every((rows) => rows < 20),
    `${rowsOf(bench)}`,
  );
  const count = 'ai_billing_series_folded_total|test|prod';
  const folded = bench.values(AT + 2 * HOUR).get(count);
  const known = rowsOf(bench);
  bench.reopen();
  bench.apply(statement('hour', hour(AT), AT + 3 * HOUR, spend(AT)));
  assert.deepEqual(rowsOf(bench), known);
  assert.equal(bench.values(AT + 3 * HOUR).get(count), folded, 'each is counted once');
  assert.equal(billedOnDay(bench), 10_000n * ONE);
  bench.ledger.close();
});

test('overflow: label sets beyond the remembered ones overflow too, and the total stays exact', () => {
  const bench = openBench(settings({}, { maxSeries: 60 }));
  bench.apply(statement('hour', hour(AT - HOUR), AT));
  const charges = Array.from({ length: MAX_OVERFLOWED + 1000 }, (_, index) => cost(AT, `app-${index}`, 1));
  bench.apply(statement('hour', hour(AT), AT + HOUR, charges));
  const known = bench.state.series.size;
  bench.ledger.openAccount(settings({}, { maxSeries: 1_000_000 }), OPENED);
  bench.apply(statement('hour', hour(AT), AT + 2 * HOUR, charges.toReversed()));
  const folded = bench.values(AT + 2 * HOUR).get('ai_billing_series_folded_total|test|prod');
  assert.equal(folded, MAX_OVERFLOWED);
  assert.equal(bench.state.series.size, known);
  assert.equal(billedOnDay(bench), BigInt(charges.length) * ONE);
  bench.ledger.close();
});

test('overflow: currencies that share a cell convert each at its own rate', () => {
  const rates = new Map([...DEFAULT_RATES, ['EUR', [{ from: 0, usd: fromNumber(2) }]] as const]);
  const bench = openBench(settings({}, { maxSeries: 60, rates }));
  bench.apply(statement('hour', hour(AT - HOUR), AT));
  const charges = Array.from({ length: 100 }, (_, index) =>
    cost(AT, `app-${index}`, 1, index % 2 === 0 ? {} : { currency: 'EUR', detail: 'EUR' }),
  );
  const component = { measure: 'component_cost', detail: 'gpu' } as const;
  charges.push(cost(AT, 'app-0', 1, component), cost(AT, 'app-0', 1, { ...component, currency: 'EUR' }));
  bench.apply(statement('hour', hour(AT), AT + HOUR, charges));
  assert.equal(billedOnDay(bench), 150n * ONE);
  const parts = [...bench.state.series.values()].filter(({ measure }) => measure === 'component_cost');
  assert.deepEqual(
    parts.map(({ total }) => total),
    [3n * ONE],
  );
  bench.ledger.close();
});
