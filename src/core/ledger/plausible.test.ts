import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cost, openBench, settings, statement, utc } from '../../../test/support/ledger/ledger.ts';
import type { Charge } from '../statement/statement.ts';
import { type Fixed, ONE } from '../values/money.ts';
import { DAY, HOUR } from '../values/time.ts';

const AT = utc('2026-11-20T10:00');
const TRILLION = 1_000_000_000_000n * ONE;

/** A ledger with a bill, and the same bill read again with one more charge. */
function openBill() {
  const bench = openBench(settings());
  const range = { start: AT, end: AT + HOUR };
  const bill = [cost(AT, 'a', 1)];
  let asOf = AT + HOUR;
  const read = (more: readonly Charge[]) => bench.apply(statement('hour', range, ++asOf, [...bill, ...more]));
  read([]);
  return { read, values: () => bench.values(AT + DAY) };
}

const charge = (value: Fixed, more: Partial<Charge> = {}): Charge => ({
  ...cost(AT, 'b', 0),
  value,
  ...more,
});

test('plausibility: an amount beyond a trillion dollars is refused and changes nothing', () => {
  const { read, values } = openBill();
  const before = values();
  for (const sign of [1n, -1n])
    for (const measure of ['cost', 'component_cost', 'top_ups'] as const)
      for (const excess of [1n, TRILLION * 10n ** 12n])
        assert.throws(() => read([charge(sign * (TRILLION + excess), { measure })]), {
          name: 'RangeError',
          message: /an amount of \w+ beyond 1000000000000 cannot be right/,
        });
  assert.deepEqual(values(), before);
  for (const sign of [1n, -1n]) read([charge(sign * TRILLION)]);
});

test('plausibility: the limit applies after conversion', () => {
  const { read } = openBill();
  // DIEM and VCU are dollars by default; a tenth of a trillion of them is plausible, eleven tenths are not.
  const diem = { currency: 'DIEM', detail: 'DIEM' };
  read([charge(TRILLION / 10n, diem)]);
  assert.throws(() => read([charge((TRILLION / 10n) * 11n, diem)]), RangeError);
});

test('plausibility: counts and unconverted amounts have a limit', () => {
  const { read } = openBill();
  for (const more of [
    { measure: 'tokens', detail: 'input' },
    { measure: 'requests', detail: '' },
    { measure: 'billed_seconds', detail: '' },
    { measure: 'units', detail: 'sku' },
    { measure: 'cost', currency: 'XYZ', detail: 'XYZ' },
  ] as const) {
    read([charge(TRILLION * 1000n, more)]);
    assert.throws(() => read([charge(TRILLION * 1000n + 1n, more)]), RangeError, more.measure);
    assert.throws(() => read([charge(-TRILLION * 1000n - 1n, more)]), RangeError, more.measure);
  }
});

test('plausibility: amounts that are absurd together are refused', () => {
  const { read, values } = openBill();
  const before = values();
  const many = (count: number) =>
    Array.from({ length: count }, (_, index) => charge(index % 2 === 0 ? TRILLION : -TRILLION));
  assert.throws(() => read(many(11)), /amounts that together lie beyond 10000000000000 cannot be right/);
  assert.deepEqual(values(), before);
  read(many(9));
});
