import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { assertProperty } from '../../../../test/support/ledger/property.ts';
import { orderedInstants, parseInstant } from './instant.ts';

const OUTCOMES = (read: (text: string) => number) => (text: string) => {
  try {
    return read(text);
  } catch (error) {
    return String(error);
  }
};

describe('instants', () => {
  it('are read alike one by one and in order, whatever their form', () => {
    const digits = (length: number) =>
      fc
        .array(fc.constantFrom(...'0123456789: .Z'), { minLength: length, maxLength: length })
        .map((found) => found.join(''));
    const tail = fc.oneof(
      fc.nat(59_999).map((ms) => `${String(ms / 1000 + 100).slice(1)}`.padEnd(6, '0').slice(0, 6)),
      fc.constantFrom(
        '00',
        '59',
        '60.000',
        '05.5',
        '05.123456',
        '5.0000',
        '07.08',
        '99.999',
        '10,504',
        '10.50x',
      ),
      digits(6),
    );
    const zone = fc.constantFrom('Z', 'Z', 'Z', 'z', '', '+00:00', '-05:30');
    const minute = fc.constantFrom(
      '2026-06-15T19:05:',
      '2026-06-15T19:06:',
      '2026-02-30T00:00:',
      '2026-06-15T24:00:',
      '2026-06-15 19:05:',
    );
    const text = fc.tuple(minute, tail, zone).map((parts) => parts.join(''));
    assertProperty(
      fc.property(fc.array(text, { maxLength: 20 }), (texts) => {
        assert.deepEqual(texts.map(OUTCOMES(orderedInstants())), texts.map(OUTCOMES(parseInstant)));
      }),
      { numRuns: 2000 },
    );
  });

  it('are refused from the first one on', () => {
    assert.throws(() => orderedInstants()(' 026-06-15T19:05:10.504Z'), RangeError);
  });

  it('are those of the calendar', () => {
    const read = orderedInstants();
    for (const text of ['2026-06-15T19:05:10.504Z', '2026-06-15T19:05:59.999Z', '2028-02-29T23:59:59.000Z']) {
      assert.equal(new Date(read(text)).toISOString(), text);
    }
  });

  it('need a zone', () => {
    assert.throws(() => parseInstant('2026-06-15T19:05:10.504'), RangeError);
    assert.throws(() => parseInstant('2026-06-15'), RangeError);
  });
});
