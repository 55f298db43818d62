import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cost, OPENED, openBench, settings, statement, utc } from '../../../test/support/ledger/ledger.ts';
import { HOUR, type Instant } from '../values/time.ts';

const AT = utc('2026-11-20T10:00');
const COST = 'ai_billing_cost_usd_total';

function opened() {
  const bench = openBench(settings({}, { since: AT }));
  const read = (hour: number, now: Instant, ...resources: readonly string[]) => {
    const range = { start: AT + hour * HOUR, end: AT + (hour + 1) * HOUR };
    bench.apply(
      statement(
        'hour',
        range,
        range.end,
        resources.map((each) => cost(range.start, each, 1)),
      ),
      now,
    );
  };
  const sample = (name: string, resource: string, now: Instant) =>
    bench.ledger
      .publish(now)
      .families.find((family) => family.name === name)
      ?.samples.find(({ labels }) => resource === '' || labels[2] === resource);
  return { bench, read, sample };
}

test('created time: a counter and its corrections keep when they were first 0, across a restart', () => {
  const { bench, read, sample } = opened();
  const [first, second] = [AT + HOUR + 7, AT + 2 * HOUR + 11];
  read(0, first, 'old');
  read(1, second, 'old', 'new');
  const shown = () =>
    [COST, 'ai_billing_cost_corrections_usd_total'].flatMap((name) =>
      ['old', 'new'].map((resource) => sample(name, resource, second + HOUR)?.createdAt),
    );
  assert.deepEqual(shown(), [first, second, first, second]);
  bench.reopen();
  assert.deepEqual(shown(), [first, second, first, second]);
  read(2, second + HOUR, 'old', 'new');
  assert.deepEqual(shown(), [first, second, first, second]);
});

test('created time: the overflow count starts with its account, a gauge has none', () => {
  const { read, sample } = opened();
  read(0, AT + HOUR, 'old');
  assert.equal(sample('ai_billing_series_folded_total', '', AT + HOUR)?.createdAt, OPENED);
  const today = sample('ai_billing_cost_today_usd', 'old', AT + HOUR);
  assert.equal(today?.value, 1);
  assert.ok(!('createdAt' in today));
});

test('deliveries: to a new receiver every counter counts as delivered, hidden ones too', () => {
  const { bench, read } = opened();
  read(0, AT + HOUR, 'old');
  read(1, AT + 2 * HOUR, 'old', 'held');
  const shown = () => {
    const samples = bench.ledger
      .publish(AT + 3 * HOUR)
      .families.flatMap((family) =>
        family.type === 'counter' ? family.samples.map((sample) => ({ family: family.name, ...sample })) : [],
      );
    return samples.map(({ family, labels, value, createdAt }) => [family, labels, value, createdAt]);
  };
  const before = shown();
  assert.equal(before.length, 5);
  bench.ledger.deactivateAccount(bench.account);
  assert.deepEqual(shown(), []);
  const deliveries = bench.ledger.deliveries('vendor');
  deliveries.begin(AT + 3 * HOUR);
  const rows = deliveries.load();
  const told = new Set(
    rows.map(({ family, labels, total, createdAt }) => JSON.stringify([family, labels, total, createdAt])),
  );
  assert.deepEqual(told, new Set(before.map((row) => JSON.stringify(row))));
  assert.ok(rows.every(({ at }) => at === AT + 3 * HOUR));
});
