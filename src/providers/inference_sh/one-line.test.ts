import assert from 'node:assert/strict';
import { test } from 'node:test';
import { oneLine } from './one-line.ts';

const CASES: readonly [text: string, charge: string][] = [
  ['as it is', 'as it is'],
  [' a\n\tb\r\n c\u2028d ', 'a b c d'],
  ['red \u001b[31m alert\u0007 \u009b2J \u202e txt', 'red [31m alert 2J txt'],
  ['half a pair: \ud83d.', 'half a pair: .'],
  ['\n \u0000', ''],
  ['x'.repeat(200), 'x'.repeat(200)],
  ['🙂'.repeat(300), `${'🙂'.repeat(199)}…`],
  [`${' '.repeat(10_000)}late`, ''],
];

for (const [text, charge] of CASES) {
  test(`${JSON.stringify(text.slice(0, 40))} is one charge`, () => assert.equal(oneLine(text), charge));
}
