import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ONE, parseDecimal } from '../../../src/core/values/money.ts';
import { exactJson, MICRO, truncateTo } from './json.ts';

test('exactJson: writes amounts with every digit, other values as JSON', () => {
  const value = {
    exact: parseDecimal('9007199254740993.000000000001'),
    whole: ONE,
    none: undefined,
    list: [null, 'a"b', 0.1, true],
  };
  assert.equal(
    exactJson(value),
    '{"exact":9007199254740993.000000000001,"whole":1,"list":[null,"a\\"b",0.1,true]}',
  );
  const plain = { a: [1, 'x', { b: null }], c: false };
  assert.equal(exactJson(plain), JSON.stringify(plain));
});

test('truncateTo: rounds toward zero', () => {
  assert.equal(truncateTo(MICRO, parseDecimal('-1.2345678')), parseDecimal('-1.234567'));
});
