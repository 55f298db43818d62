import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { assertProperty } from '../../../test/support/ledger/property.ts';
import { type JsonLimits, JsonScan } from './json-scan.ts';

const LIMITS: JsonLimits = {
  values: 1000,
  depth: 10,
  keys: 50,
  keyBytes: 20,
  stringBytes: 100,
  numberBytes: 30,
  escapes: 120,
};

/** What a scan says of a text that arrives in pieces of so many bytes. */
function scanned(text: string, piece: number, limits: JsonLimits = LIMITS): string | undefined {
  const scan = new JsonScan(limits);
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += piece) {
    const excess = scan.push(bytes.subarray(at, at + piece));
    if (excess !== undefined) return excess;
  }
  return undefined;
}

const keys = (count: number) => `{${Array.from({ length: count }, (_, index) => `"k${index}":1`).join()}}`;

const CASES: readonly (readonly [title: string, good: string, bad: string, excess: RegExp])[] = [
  [
    'escaped characters of all strings',
    `[${'"\\u00e9\\n",'.repeat(60)}1]`,
    `[${'"\\u00e9\\n",'.repeat(60)}"\\\\"]`,
    /more than 120 escaped characters/,
  ],
  ['values of an array', `[${'1,'.repeat(990)}1]`, `[${'1,'.repeat(1000)}1]`, /more than 1000 values/],
  ['empty objects', `[${'{},'.repeat(490)}1]`, `[${'{},'.repeat(500)}{}]`, /more than 1000 values/],
  [
    'values of all objects',
    `[${`${keys(49)},`.repeat(19)}1]`,
    `[${`${keys(49)},`.repeat(21)}1]`,
    /1000 values/,
  ],
  ['depth', `${'['.repeat(10)}${']'.repeat(10)}`, `${'['.repeat(11)}`, /nested deeper than 10 levels/],
  ['depth of objects', '{"a":'.repeat(10), '{"a":'.repeat(11), /nested deeper than 10 levels/],
  ['keys of an object', keys(50), keys(51), /object of more than 50 keys/],
  [
    'keys around another object',
    `{"x":${keys(50)},${keys(49).slice(1)}`,
    `{"x":[{}],${keys(50).slice(1)}`,
    /50 keys/,
  ],
  [
    'the length of a key',
    `{"${'k'.repeat(20)}":"${'v'.repeat(100)}"}`,
    `{"${'k'.repeat(21)}":1}`,
    /key of more than 20/,
  ],
  [
    'a key after others',
    `{"a":[1,2],"${'k'.repeat(20)}":1}`,
    `{"a":[1,2],"${'k'.repeat(21)}":1}`,
    /key of more than 20/,
  ],
  [
    'the length of a string',
    `["${'é'.repeat(50)}"]`,
    `["${'é'.repeat(51)}"]`,
    /string of more than 100 bytes/,
  ],
  [
    'a string with escapes',
    `["${'\\"'.repeat(50)}"]`,
    `["${'\\"'.repeat(51)}"]`,
    /string of more than 100 bytes/,
  ],
  [
    'the length of a number',
    `[${'1'.repeat(30)}]`,
    `[-${'1'.repeat(30)}]`,
    /number of more than 30 characters/,
  ],
  [
    'numbers side by side',
    `[${`${'1'.repeat(30)},`.repeat(9)}1]`,
    `[1,${'1'.repeat(31)}]`,
    /number of more than 30/,
  ],
];

describe('JSON scan', () => {
  for (const [title, good, bad, excess] of CASES) {
    it(`bounds ${title}, however the bytes arrive`, () => {
      for (const piece of [1, 2, 3, 7, 1_000_000]) {
        assert.equal(scanned(good, piece), undefined);
        assert.match(scanned(bad, piece) ?? '', excess);
      }
    });
  }

  it('ignores structure within strings', () => {
    assert.equal(scanned(`["${'[{,'.repeat(30)}","\\\\","${'\\",'.repeat(30)}"]`, 5), undefined);
  });

  it('counts at least all values, and at most one more per object or array', () => {
    const endless = {
      values: 1e9,
      depth: 1000,
      keys: 1e9,
      keyBytes: 1e9,
      stringBytes: 1e9,
      numberBytes: 1e9,
      escapes: 1e9,
    };
    assertProperty(
      fc.property(fc.jsonValue(), fc.integer({ min: 1, max: 9 }), (value, piece) => {
        const scan = new JsonScan(endless);
        const bytes = Buffer.from(JSON.stringify(value));
        for (let at = 0; at < bytes.length; at += piece) scan.push(bytes.subarray(at, at + piece));
        const { values, containers } = sizeOf(value);
        assert.ok(scan.values >= values && scan.values <= values + containers, `${scan.values}: ${bytes}`);
      }),
    );
  });
});

function sizeOf(value: unknown): { values: number; containers: number } {
  if (typeof value !== 'object' || value === null) return { values: 1, containers: 0 };
  const inner = Object.values(value).map(sizeOf);
  return {
    values: 1 + inner.reduce((sum, { values }) => sum + values, 0),
    containers: 1 + inner.reduce((sum, { containers }) => sum + containers, 0),
  };
}
