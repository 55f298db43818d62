import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cleanLabel, isClean } from './label.ts';

test('label: up to 256 characters are shown whole', () => {
  for (const label of ['', 'a', 'é'.repeat(256)]) assert.equal(cleanLabel(label), label);
});

test('label: a longer one is cut to 256 characters and stays distinct', () => {
  const megabyte = 'x'.repeat(2 ** 20);
  const [one, two] = [cleanLabel(`${megabyte}1`), cleanLabel(`${megabyte}2`)];
  assert.match(one, /^x{241}~[0-9a-f]{14}$/);
  assert.notEqual(one, two);
  assert.equal(cleanLabel(`${megabyte}1`), one);
  assert.equal(cleanLabel(one), one);
});

test('label: one that is cut within a surrogate pair stays well-formed', () => {
  for (const start of ['', 'a']) assert.ok(isClean(cleanLabel(start + '\u{1f600}'.repeat(300))));
});
