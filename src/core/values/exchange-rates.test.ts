import assert from 'node:assert/strict';
import { test } from 'node:test';
import { constantRate, DOLLAR_RATES, type Rates, rateAt } from './exchange-rates.ts';
import { parseDecimal } from './money.ts';

const MARCH = Date.UTC(2026, 2, 1);
const APRIL = Date.UTC(2026, 3, 1);
const RATES: Rates = new Map([
  [
    'EUR',
    [
      { from: MARCH, usd: parseDecimal('1.08') },
      { from: APRIL, usd: parseDecimal('1.1') },
    ],
  ],
  ['DIEM', constantRate(parseDecimal('0.9'))],
]);

test('exchange rates: an unknown currency has no rate', () => {
  assert.equal(rateAt(DOLLAR_RATES, 'EUR', MARCH), undefined);
  assert.equal(rateAt(RATES, 'constructor', MARCH), undefined);
});

test('exchange rates: a dated rate applies until the next one, and none before the first', () => {
  assert.equal(rateAt(RATES, 'EUR', MARCH - 1), undefined);
  assert.equal(rateAt(RATES, 'EUR', MARCH), parseDecimal('1.08'));
  assert.equal(rateAt(RATES, 'EUR', APRIL - 1), parseDecimal('1.08'));
  assert.equal(rateAt(RATES, 'EUR', APRIL), parseDecimal('1.1'));
  assert.equal(rateAt(RATES, 'EUR', APRIL * 2), parseDecimal('1.1'));
});

test('exchange rates: a constant rate always applies, and names ignore case', () => {
  assert.equal(rateAt(RATES, 'diem', -1), parseDecimal('0.9'));
  assert.equal(rateAt(RATES, 'Eur', APRIL), parseDecimal('1.1'));
});
