import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Redactor, stackOf } from './redactor.ts';

test('what is hidden is in no text, in whatever form, and neither is a key that was rotated away', () => {
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

test('new secrets take the place of those before, which are asked no more and stay hidden', () => {
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

test('each of thousands of secrets is found, as it is and escaped', () => {
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

test('an output that is guarded is written what is clean', () => {
  const redactor = new Redactor();
  redactor.register([() => 'the-only-key']);
  const written: string[] = [];
  redactor.wrap({ write: (text) => written.push(text) }).write('{"key":"the-only-key"}\n');
  assert.deepEqual(written, ['{"key":"[key]"}\n']);
});

test('of a crash the stack is told, and nothing that hangs on the error', () => {
  const error = Object.assign(new Error('broken'), { headers: { authorization: 'Bearer x' } });
  assert.match(stackOf(error), /^Error: broken\n +at /);
  assert.doesNotMatch(stackOf(error), /Bearer/);
  assert.equal(stackOf({ authorization: 'Bearer x' }), '[object Object]');
});
