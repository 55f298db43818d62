import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { assertProperty } from '../../../test/support/ledger/property.ts';
import { formatDuration, parseDuration } from './duration.ts';

test('parseDuration reads a number and a unit', () => {
  assert.equal(parseDuration('90s'), 90_000);
  assert.equal(parseDuration('2m'), 120_000);
  assert.equal(parseDuration('1.5h'), 5_400_000);
  assert.equal(parseDuration('1d'), 86_400_000);
  assert.equal(parseDuration('0s'), 0);
});

test('parseDuration refuses any other text', () => {
  for (const text of [
    '',
    's',
    '5',
    '5 m',
    '5M',
    '5ms',
    '1h30m',
    '-5m',
    '+5m',
    '.5s',
    '5.s',
    '1e3s',
    ' 5m',
    '5m\n',
  ]) {
    assert.equal(parseDuration(text), undefined, JSON.stringify(text));
  }
});

test('formatDuration output parses to the same duration', () => {
  assertProperty(fc.property(fc.nat(10 ** 9), (ms) => assert.equal(parseDuration(formatDuration(ms)), ms)));
});
