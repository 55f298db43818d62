import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cleanLabel, isClean } from './label.ts';

test('a label of up to 256 characters is shown whole', () => {
  for (const label of ['', 'a', 'é'.repeat(256)]) assert.equal(cleanLabel(label), label);
});

test('a longer label is cut to 256 characters, and two with the same beginning stay apart', () => {
  const megabyte = 'x'.repeat(2 ** 20);
  const [one, two] = [cleanLabel(`${megabyte}1`), cleanLabel(`${megabyte}2`)];
  assert.match(one, /^x{241}~[0-9a-f]{14}$/);
  assert.notEqual(one, two);
  assert.equal(cleanLabel(`${megabyte}1`), one);
  assert.equal(cleanLabel(one), one);
});

test('a label that is cut within a surrogate pair is still well-formed', () => {
  for (const start of ['', 'a']) assert.ok(isClean(cleanLabel(start + '\u{1f600}'.repeat(300))));
});
