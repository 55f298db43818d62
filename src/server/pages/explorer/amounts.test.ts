import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromInteger, parseDecimal } from '../../../core/values/money.ts';
import { amountText, changeText, durationText, exactText, shareOfLimit, sumOfRow } from './amounts.ts';

test('amounts: dollars in cents, counts in short, and nothing that is not 0 as $0.00', () => {
  const table: [Parameters<typeof amountText>[0], string, string][] = [
    ['cost', '1234.567', '$1,234.57'],
    ['cost', '0', '$0.00'],
    ['cost', '0.0049', '< $0.01'],
    ['cost', '-0.0049', '> -$0.01'],
    ['cost', '0.005', '< $0.01'],
    ['cost', '0.0051', '$0.01'],
    ['tokens', '999999', '999,999 tokens'],
    ['tokens', '12345678', '12.3 M tokens'],
    ['requests', '1234567890123', '1.2 T requests'],
    ['seconds', '59.5', '60 s'],
  ];
  for (const [measure, value, text] of table)
    assert.equal(amountText(measure, parseDecimal(value)), text, value);
  assert.equal(exactText('cost', parseDecimal('-0.06356')), '-$0.06356');
});

test('amounts: a share of a limit is never rounded to 100 % from either side', () => {
  const share = (part: string, limit: string) => shareOfLimit(parseDecimal(part), parseDecimal(limit));
  assert.equal(share('14134.29', '14000'), '101.0 %');
  assert.equal(share('100.0001', '100'), '100.1 %');
  assert.equal(share('100', '100'), '100.0 %');
  assert.equal(share('99.9999', '100'), '99.9 %');
  assert.equal(share('0', '100'), '0.0 %');
});

test('amounts: changes are compared with what was positive', () => {
  const change = (now: string, before: string) => changeText(parseDecimal(now), parseDecimal(before));
  assert.equal(change('112.34', '100'), '+12.3 %');
  assert.equal(change('50', '100'), '-50.0 %');
  assert.equal(change('-1', '100'), '-101.0 %');
  assert.equal(change('1', '0'), undefined);
  assert.equal(change('100000', '1'), '> +9,999 %');
});

test('amounts: a sum knows whether it is whole, in part or not at all', () => {
  const row = (values: (bigint | undefined)[], held: bigint[]) =>
    sumOfRow({ values, total: undefined, held });
  assert.deepEqual(row([1n, 2n], [1n, 2n]), { known: 3n, isWhole: true, isUnknown: false });
  assert.deepEqual(row([1n, undefined], [1n, 0n]), { known: 1n, isWhole: false, isUnknown: false });
  assert.deepEqual(row([undefined], [2n]), { known: 2n, isWhole: false, isUnknown: false });
  assert.deepEqual(row([undefined], [0n]), { known: 0n, isWhole: false, isUnknown: true });
});

test('amounts: a runway is told in hours, then in days', () => {
  const table: [hours: number, text: string][] = [
    [0, 'nothing left'],
    [0.5, 'less than 1 h'],
    [17.9, '17 h'],
    [47, '47 h'],
    [50, '2 days'],
    [10_000, 'more than a year'],
  ];
  for (const [hours, text] of table)
    assert.equal(durationText(fromInteger(BigInt(Math.round(hours * 3600)))), text);
});
