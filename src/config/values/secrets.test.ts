import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { keyProblem, secretOfFile } from './secrets.ts';

const folder = mkdtempSync(join(tmpdir(), 'secrets-'));
after(() => rmSync(folder, { recursive: true }));

let writes = 0;

/** Writes a secret whose modification time is unlike any before, however fast the test runs. */
function write(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  writes += 1;
  utimesSync(file, writes, writes);
  return file;
}

function keyOf(file: string): () => string {
  const secret = secretOfFile(file);
  assert.ok('key' in secret);
  return secret.key;
}

test('apiKeyFile is read again when the file changes', () => {
  const file = write('a', 'one\n');
  const key = keyOf(file);
  assert.equal(key(), 'one');
  write('a', 'two\n');
  assert.equal(key(), 'two');
  assert.equal(key(), 'two');
});

test('apiKeyFile follows a mounted link that is pointed elsewhere', () => {
  write('v1', 'one');
  const { path: link } = { path: join(folder, 'link') };
  symlinkSync(write('v2', 'two'), `${link}.next`);
  symlinkSync(join(folder, 'v1'), link);
  const key = keyOf(link);
  assert.equal(key(), 'one');
  renameSync(`${link}.next`, link);
  assert.equal(key(), 'two');
});

test('apiKeyFile keeps the last valid key while the file is missing, empty or invalid', () => {
  const file = write('b', 'good');
  const key = keyOf(file);
  rmSync(file);
  assert.equal(key(), 'good');
  write('b', '');
  assert.equal(key(), 'good');
  write('b', 'two\nlines');
  assert.equal(key(), 'good');
  write('b', 'better');
  assert.equal(key(), 'better');
});

test('apiKeyFile trims only trailing line breaks', () => {
  assert.equal(keyOf(write('c', 'k\r\n\n'))(), 'k');
  assert.deepEqual(secretOfFile(write('c', ' k\n')), {
    problem: 'names a file that contains a space or a tab; a key has neither',
  });
});

test('keyProblem accepts only what a header can carry', () => {
  assert.equal(keyProblem('sk-~!"$%_A9='), undefined);
  for (const text of ['', 'a b', 'a\tb', 'a\n', 'é', 'a\u0000', 'a\u007f', 'a\u200b']) {
    assert.notEqual(keyProblem(text), undefined, JSON.stringify(text));
  }
});
