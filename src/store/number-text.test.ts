import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { assertProperty } from '../../test/support/ledger/property.ts';
import { magnitude } from '../core/values/money.ts';
import { EMPTY, hashRow, plus } from './digest.ts';
import { countNumbers, readAmounts, readIds } from './number-text.ts';

/** Of one digit to 30: 32 bits hold 9 for certain, 64 bits 18. */
const amount = fc
  .tuple(fc.integer({ min: 1, max: 30 }), fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }))
  .map(([digits, value]) => value % 10n ** BigInt(digits));
const EDGES = [9, 17, 18, 19].flatMap((digits) => [
  10n ** BigInt(digits) - 1n,
  -(10n ** BigInt(digits)) + 1n,
]);
const rows = fc.array(fc.tuple(fc.nat(2 ** 31 - 1), fc.oneof(amount, fc.constantFrom(...EDGES))));

test('texts of numbers: what is read is what was written, and has the digest of its rows', () => {
  assertProperty(
    fc.property(rows, fc.constantFrom(' ', ','), (given, separator) => {
      const [ids, amounts] = [given.map(([id]) => id), given.map(([, value]) => value)];
      const text = [...ids, ...amounts].join(separator);
      assert.equal(countNumbers(text), 2 * given.length);
      const read = readIds(text, given.length);
      const { digest, amounts: packed } = readAmounts(text, read.end, read.ids);
      assert.deepEqual([...packed()], given);
      const hashes = given.map(([id, value]) => hashRow([id, `${value}`]));
      assert.equal(digest, hashes.reduce(plus, EMPTY));
      const sum = amounts.reduce((all, value) => all + magnitude(value), 0n);
      assert.ok(Math.abs(packed().bound / Number(sum) - 1) < 1e-6 || sum === 0n, `${packed().bound}`);
    }),
  );
});

test('texts of numbers: amounts of up to 18 characters are packed in 64 bits', () => {
  const isPacked = (text: string) =>
    readAmounts(text, 0, Int32Array.of(1)).amounts().amounts instanceof BigInt64Array;
  assert.deepEqual(EDGES.map(String).map(isPacked), [true, true, true, true, true, false, false, false]);
});
