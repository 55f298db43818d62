import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { assertProperty } from '../../../test/support/ledger/property.ts';
import { takeAll } from '../../providers/api/steps.ts';
import { parseExactJson } from './exact-json.ts';

const jsonIn = (input: string | Uint8Array) => takeAll(parseExactJson(input));

const cases: { title: string; text: string; value: unknown }[] = [
  {
    title: '15 digits stay a number',
    text: '[123456789012345, 0.123456789012345]',
    value: [123456789012345, 0.123456789012345],
  },
  { title: '16 digits become text', text: '[1234567890123456]', value: ['1234567890123456'] },
  {
    title: 'a decimal that no double holds',
    text: '{"total":171.150000000000000001}',
    value: { total: '171.150000000000000001' },
  },
  {
    title: 'a sign and an exponent belong to it',
    text: '[-1.2345678901234567e-7]',
    value: ['-1.2345678901234567e-7'],
  },
  { title: 'leading zeros do not count', text: '[0.00000000000000000000000123]', value: [1.23e-24] },
  {
    title: 'trailing zeros do not count',
    text: '[1000000000000000000000, 2.5000000000000000]',
    value: [1e21, 2.5],
  },
  { title: 'a long exponent does not count', text: '[1E+000000000000000002]', value: [100] },
  { title: 'nor does that of a zero', text: '[0.0e12345678901234567890]', value: [0] },
  {
    title: 'digits inside a string stay as they are',
    text: '{"id":"1234567890123456"}',
    value: { id: '1234567890123456' },
  },
  {
    title: 'digits in a key stay as they are',
    text: '{"1234567890123456":1}',
    value: { '1234567890123456': 1 },
  },
  {
    title: 'an escaped quote does not end a string',
    text: String.raw`{"a":"\",1234567890123456,\"","b":"\\","c":1234567890123456}`,
    value: { a: '",1234567890123456,"', b: '\\', c: '1234567890123456' },
  },
  { title: 'a bare number', text: '12345678901234567890', value: '12345678901234567890' },
  { title: 'a byte order mark is ignored', text: '\u{feff}{"a":1}', value: { a: 1 } },
  {
    title: 'of equal keys the last counts',
    text: '{"a":1,"a":1234567890123456}',
    value: { a: '1234567890123456' },
  },
];

describe('parseExactJson', () => {
  for (const { title, text, value } of cases) {
    it(title, () => {
      assert.deepEqual(jsonIn(text), value);
      assert.deepEqual(jsonIn(Buffer.from(text)), value);
    });
  }

  it('keeps __proto__ as a key of the object', () => {
    const value = jsonIn('{"__proto__":{"polluted":1234567890123456}}');
    assert.deepEqual(Object.entries(value ?? {}), [['__proto__', { polluted: '1234567890123456' }]]);
    assert.equal(Object.getPrototypeOf(value), Object.prototype);
  });

  it('parses any depth', () => {
    const depth = 100_000;
    const text = `${'['.repeat(depth)}1234567890123456${']'.repeat(depth)}`;
    let value = jsonIn(text);
    for (let level = 0; level < depth; level++) [value] = Array.isArray(value) ? value : [];
    assert.equal(value, '1234567890123456');
  });

  it('parses a string of 20 MB beside a long number', () => {
    const text = `["${'a'.repeat(20_000_000)}",1234567890123456]`;
    const value = jsonIn(text);
    assert.equal(Array.isArray(value) && value[1], '1234567890123456');
  });

  const malformed = [
    '',
    ' ',
    '{',
    '{"a":',
    '[1234567890123456-]',
    '[01234567890123456]',
    '{"a":1}}',
    '"',
    "['a']",
    'NaN',
    '<html>',
  ];
  for (const text of malformed) {
    it(`rejects ${JSON.stringify(text)} without quoting it`, () => {
      assert.throws(() => jsonIn(text), { name: 'SyntaxError', message: 'not JSON, or cut short' });
    });
  }

  it('rejects bytes that are not UTF-8', () => {
    assert.throws(() => jsonIn(Buffer.from([0x22, 0xff, 0x22])), { message: 'not UTF-8' });
    assert.throws(() => jsonIn(Buffer.from([0x22, 0xe2, 0x82])), { message: 'not UTF-8' });
  });

  it('agrees with a reviver that sees the source text', () => {
    assertProperty(
      fc.property(json, (text) => assert.deepEqual(jsonIn(text), slowly(text))),
      { numRuns: 2000 },
    );
  });
});

const digits = fc.stringMatching(/^\d{1,24}$/);
const number = fc
  .tuple(
    fc.constantFrom('', '-'),
    fc.constantFrom('0', '1', '907'),
    digits,
    fc.option(digits),
    fc.constantFrom('', 'e5', 'E-12', 'e+3'),
  )
  .map(([sign, first, more, fraction, exponent]) => {
    const whole = first === '0' ? '0' : first + more;
    return sign + whole + (fraction === null ? '' : `.${fraction}`) + exponent;
  });
const string = fc
  .oneof(fc.string({ unit: 'grapheme' }), digits, fc.stringMatching(/^["\\,:[\]{}\d]{0,30}$/))
  .map((text) => JSON.stringify(text));
const space = fc.constantFrom('', ' ', '\n\t');

/** JSON texts, as text: numbers in any spelling, strings that look like structure, uneven white space. */
const { json } = fc.letrec<{ json: string }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 4 },
    number,
    string,
    fc.constantFrom('true', 'false', 'null'),
    fc
      .tuple(space, fc.array(tie('json'), { maxLength: 4 }))
      .map(([gap, items]) => `[${gap}${items.join(`${gap},`)}${gap}]`),
    fc
      .tuple(space, fc.array(fc.tuple(string, tie('json')), { maxLength: 4 }))
      .map(
        ([gap, entries]) =>
          `{${entries.map(([key, value]) => `${gap}${key}${gap}:${gap}${value}`).join(',')}}`,
      ),
  ),
}));

/** What the platform itself says each number was written as; the types of TypeScript do not know the third argument yet. */
function slowly(text: string): unknown {
  return JSON.parse(text, (...[, value, context]: [string, unknown, { source: string }?]) => {
    if (typeof value !== 'number' || context === undefined) return value;
    const [mantissa = ''] = context.source.toLowerCase().split('e');
    const significant = [...mantissa].filter((char) => char >= '0' && char <= '9').join('');
    return significant.replace(/^0*(.*?)0*$/, '$1').length > 15 ? context.source : value;
  });
}
