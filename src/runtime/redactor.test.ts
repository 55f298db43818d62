import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Redactor, stackOf } from './redactor.ts';

test('redactor: removes secrets in any form, including keys that were rotated', () => {
  const redactor = new Redactor();
  let key = 'first/key';
  redactor.register([() => key, () => 'short']);
  assert.equal(
    redactor.redact('a first/key, a first\\/key and a first%2Fkey: short'),
    'a [key], a [key] and a [key]: short',
  );
  key = 'second-key';
  assert.equal(redactor.redact('first/key second-key'), '[key] [key]');
});

test('redactor: new sources replace previous ones, whose secrets stay redacted', () => {
  const redactor = new Redactor();
  let asked = 0;
  const old = () => {
    asked += 1;
    return 'key-of-before';
  };
  redactor.register([old]);
  redactor.register([() => 'key-of-now']);
  const before = asked;
  assert.equal(redactor.redact('key-of-before key-of-now'), '[key] [key]');
  assert.equal(asked, before);
});

test('redactor: finds each of thousands of secrets, verbatim and escaped', () => {
  const redactor = new Redactor();
  const keys = Array.from({ length: 5000 }, (_, index) => `key/of-account-${index}.`);
  redactor.register(keys.map((key) => () => key));
  assert.equal(
    redactor.redact('a key/of-account-4711. and key/of-account-7'),
    'a [key] and key/of-account-7',
  );
  assert.equal(redactor.redact('50% of key%2Fof-account-12.'), '50% of [key]');
  assert.equal(redactor.redact('"key\\/of-account-4999."'), '"[key]"');
});

test('redactor: a wrapped output receives redacted text', () => {
  const redactor = new Redactor();
  redactor.register([() => 'the-only-key']);
  const written: string[] = [];
  redactor.wrap({ write: (text) => written.push(text) }).write('{"key":"the-only-key"}\n');
  assert.deepEqual(written, ['{"key":"[key]"}\n']);
});

test('redactor: a crash prints its stack and no other property of the error', () => {
  const error = Object.assign(new Error('broken'), { headers: { authorization: 'Bearer x' } });
  assert.match(stackOf(error), /^Error: broken\n +at /);
  assert.doesNotMatch(stackOf(error), /Bearer/);
  assert.equal(stackOf({ authorization: 'Bearer x' }), '[object Object]');
});
