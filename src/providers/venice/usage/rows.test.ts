import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { assertProperty } from '../../../../test/support/ledger/property.ts';
import { isPlainRow, Rows, WireRow } from './rows.ts';

const ROW = {
  timestamp: '2026-06-15T19:05:10.504Z',
  sku: 'zai-org-glm-5-1-llm-output-mtoken',
  pricePerUnitUsd: 2.8,
  units: 0.0227,
  amount: -0.06356,
  currency: 'USD',
  notes: 'API Inference',
  inferenceDetails: { requestId: 'chatcmpl-4007', promptTokens: 339 },
};

const oddity = fc.oneof(
  fc.constantFrom<unknown>(undefined, null, true, '', '1.5', [], {}, [ROW], { requestId: null }),
  fc.constantFrom<unknown>({ requestId: 7 }, { requestId: 'a' }, Number.NaN, Number.POSITIVE_INFINITY, -0),
  fc.double(),
  fc.string(),
);

/** Rows that are right except for a few of their fields. */
const almostRows = fc
  .tuple(fc.dictionary(fc.constantFrom(...Object.keys(ROW)), oddity), fc.subarray(Object.keys(ROW)))
  .map(([odd, kept]) => {
    const entries = Object.entries(ROW).filter(([key]) => kept.includes(key) || kept.length % 2 === 0);
    return { ...Object.fromEntries(entries), ...odd };
  });

describe('rows of a page', () => {
  it('that the quick look lets pass, the schema lets pass, and the other way round', () => {
    assertProperty(
      fc.property(fc.oneof(almostRows, oddity), (row) => {
        assert.equal(isPlainRow(row), WireRow.safeParse(row).success);
      }),
      { numRuns: 2000 },
    );
  });

  it('are refused with the place and what was expected there', () => {
    const parsed = Rows.safeParse([ROW, { ...ROW, sku: 7 }, { ...ROW, amount: null }]);
    const said = parsed.error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
    assert.deepEqual(said, ['1.sku: expected string', '2.amount: expected number, or expected string']);
  });

  it('are a list', () => {
    const said = Rows.safeParse({ 0: ROW }).error?.issues.map(({ message }) => message);
    assert.deepEqual(said, ['expected array']);
  });

  it('say when an amount is no decimal number', () => {
    const parsed = Rows.safeParse([ROW, { ...ROW, amount: '1,5' }]);
    assert.deepEqual(parsed.error?.issues[0]?.path, [1]);
  });
});
