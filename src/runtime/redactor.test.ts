import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRedactor, stackOf } from './redactor.ts';

test('what is hidden is in no text, in whatever form, and neither is a key that was rotated away', () => {
  const vault = createRedactor();
  let key = 'first/key';
  vault.hide([() => key, () => 'short']);
  assert.equal(
    vault.clean('a first/key, a first\\/key and a first%2Fkey: short'),
    'a [key], a [key] and a [key]: short',
  );
  key = 'second-key';
  assert.equal(vault.clean('first/key second-key'), '[key] [key]');
});

test('new secrets take the place of those before, which are asked no more and stay hidden', () => {
  const vault = createRedactor();
  let asked = 0;
  const old = () => {
    asked += 1;
    return 'key-of-before';
  };
  vault.hide([old]);
  vault.hide([() => 'key-of-now']);
  const before = asked;
  assert.equal(vault.clean('key-of-before key-of-now'), '[key] [key]');
  assert.equal(asked, before);
});

test('each of thousands of secrets is found, as it is and escaped', () => {
  const vault = createRedactor();
  const keys = Array.from({ length: 5000 }, (_, index) => `key/of-account-${index}.`);
  vault.hide(keys.map((key) => () => key));
  assert.equal(vault.clean('a key/of-account-4711. and key/of-account-7'), 'a [key] and key/of-account-7');
  assert.equal(vault.clean('50% of key%2Fof-account-12.'), '50% of [key]');
  assert.equal(vault.clean('"key\\/of-account-4999."'), '"[key]"');
});

test('an output that is guarded is written what is clean', () => {
  const vault = createRedactor();
  vault.hide([() => 'the-only-key']);
  const written: string[] = [];
  vault.over({ write: (text) => written.push(text) }).write('{"key":"the-only-key"}\n');
  assert.deepEqual(written, ['{"key":"[key]"}\n']);
});

test('of a crash the stack is told, and nothing that hangs on the error', () => {
  const error = Object.assign(new Error('broken'), { headers: { authorization: 'Bearer x' } });
  assert.match(stackOf(error), /^Error: broken\n +at /);
  assert.doesNotMatch(stackOf(error), /Bearer/);
  assert.equal(stackOf({ authorization: 'Bearer x' }), '[object Object]');
});
