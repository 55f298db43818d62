import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { SECRET_HASH } from '../../../test/support/exporter/web.ts';
import { parseBasic } from './auth.ts';
import { PasswordChecker } from './passwords.ts';

function as(user: string, password: string) {
  return { user, password: Buffer.from(password) };
}

/** Compares as slowly as a test wants, and counts: a password is right if it is what the hash says behind its cost. */
function slowly() {
  const asked: string[] = [];
  const waiting: (() => void)[] = [];
  const compare = (password: Buffer, hash: string): Promise<boolean> => {
    asked.push(`${password} ${hash}`);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    waiting.push(() => resolve(hash.endsWith(`$${password}`)));
    return promise;
  };
  const finish = async () => {
    while (waiting.length > 0) {
      waiting.shift()?.();
      for (let turn = 0; turn < 3; turn++) await nextTurn();
    }
  };
  return { compare, asked, finish };
}

const ALICE = new Map([['alice', '$2b$04$right']]);

test('PasswordChecker verifies every bcrypt version', async () => {
  const passwords = new PasswordChecker();
  const users = new Map(
    ['$2$', '$2a$', '$2b$', '$2x$', '$2y$'].map((version) => [version, SECRET_HASH.replace('$2b$', version)]),
  );
  for (const user of users.keys()) {
    assert.equal(await passwords.check(as(user, 'secret'), users, ''), true, user);
    for (const wrong of ['Secret', 'secret ', 'secret\0', ''])
      assert.equal(await passwords.check(as(user, wrong), users, ''), false, `${user} ${wrong}`);
  }
  assert.equal(
    await passwords.check(as('nobody', 'secret'), users, ''),
    false,
    'not even with the password of another',
  );
});

test('PasswordChecker does not compare a known password again', async () => {
  const { compare, asked, finish } = slowly();
  const checker = new PasswordChecker(compare);
  for (const expected of [true, false]) {
    const password = expected ? 'right' : 'wrong';
    const both = Promise.all([1, 2].map(() => checker.check(as('alice', password), ALICE, '')));
    await nextTurn();
    await finish();
    assert.deepEqual(await both, [expected, expected]);
    assert.equal(await checker.check(as('alice', password), ALICE, ''), expected);
  }
  assert.equal(asked.length, 2);
});

test('PasswordChecker forgets results when the hash or the user changes', async () => {
  const passwords = new PasswordChecker(async (password, hash) => hash.endsWith(`$${password}`));
  const check = (password: string, users: ReadonlyMap<string, string>) =>
    passwords.check(as('alice', password), users, '');
  assert.equal(await check('right', ALICE), true);
  const changed = new Map([['alice', '$2b$04$new']]);
  assert.equal(await check('right', changed), false);
  assert.equal(await check('new', changed), true);
  assert.equal(await check('new', ALICE), false);
  const without = new Map([['bob', '$2b$04$right']]);
  assert.equal(await check('right', without), false);
  assert.equal(await check('right', ALICE), true);
});

test('PasswordChecker compares unknown users with a stable decoy hash', async () => {
  const { compare, asked, finish } = slowly();
  const checker = new PasswordChecker(compare);
  const users = new Map([...'abcdefgh'].map((name, cost) => [name, `$2b$${cost + 10}$right`]));
  const names = Array.from({ length: 40 }, (_, index) => `nobody ${index}`);
  const hashesOf = async (password: string) => {
    asked.length = 0;
    for (const name of names) {
      const checked = checker.check(as(name, password), users, '');
      await nextTurn();
      await finish();
      assert.equal(await checked, false);
    }
    return asked.map((line) => line.split(' ')[1]);
  };
  const first = await hashesOf('x');
  assert.equal(first.length, names.length);
  assert.ok(new Set(first).size > 4, 'each hash serves as a decoy for some');
  assert.deepEqual(await hashesOf('y'), first);
  assert.deepEqual((await hashesOf('right')).length, names.length, 'even where the password fits that hash');
});

test('PasswordChecker compares one at a time and limits its queue per address and in total', async () => {
  const { compare, asked, finish } = slowly();
  const checker = new PasswordChecker(compare);
  const known = checker.check(as('alice', 'right'), ALICE, 'scraper');
  await nextTurn();
  await finish();
  assert.equal(await known, true);

  const flood = Array.from({ length: 10 }, (_, index) =>
    checker.check(as('alice', `wrong ${index}`), ALICE, 'flood'),
  );
  await nextTurn();
  assert.equal(asked.length, 2, 'one at a time');
  assert.equal(await checker.check(as('alice', 'right'), ALICE, 'scraper'), true);
  assert.equal(await checker.check(as('alice', 'right'), ALICE, 'flood'), true);
  const others = Array.from({ length: 40 }, (_, index) =>
    checker.check(as('alice', `w${index}`), ALICE, `${index}`),
  );
  await nextTurn();
  await finish();
  const count = async (all: Promise<boolean | undefined>[], value: unknown) =>
    (await Promise.all(all)).filter((each) => each === value).length;
  assert.deepEqual([await count(flood, false), await count(flood, undefined)], [4, 6]);
  assert.deepEqual([await count(others, false), await count(others, undefined)], [28, 12]);

  const after = checker.check(as('alice', 'wrong 9'), ALICE, 'flood');
  await nextTurn();
  await finish();
  assert.equal(await after, false, 'places are free again');
});

test('PasswordChecker remembers a thousand wrong passwords', async () => {
  let compared = 0;
  const checker = new PasswordChecker(async () => {
    compared++;
    return false;
  });
  const all = async () => {
    compared = 0;
    for (let index = 0; index < 1001; index++) await checker.check(as('alice', `wrong ${index}`), ALICE, '');
    return compared;
  };
  assert.equal(await all(), 1001);
  assert.ok((await all()) > 0);
  compared = 0;
  await checker.check(as('alice', 'wrong 1000'), ALICE, '');
  assert.equal(compared, 0);
});

test('PasswordChecker reports a failed comparison and continues', async () => {
  let isBroken = true;
  const checker = new PasswordChecker(async () => {
    if (isBroken) throw new Error('no binary');
    return true;
  });
  await assert.rejects(checker.check(as('alice', 'right'), ALICE, ''), /no binary/);
  isBroken = false;
  assert.equal(await checker.check(as('alice', 'right'), ALICE, ''), true);
});

test('parseBasic reads basic credentials', () => {
  const read = (header: string | undefined) => {
    const found = parseBasic(header);
    return found && [found.user, found.password.toString('latin1')];
  };
  const basic = (text: string, encoding: BufferEncoding = 'utf8') =>
    `Basic ${Buffer.from(text, encoding).toString('base64')}`;
  assert.deepEqual(read(basic('alice:secret')), ['alice', 'secret']);
  assert.deepEqual(read(basic('alice:se:cr:et')), ['alice', 'se:cr:et']);
  assert.deepEqual(read(basic('alice:secret').replace('Basic', 'bAsIC  ')), ['alice', 'secret']);
  assert.deepEqual(read(basic('ünï:x')), ['ünï', 'x']);
  assert.deepEqual(read(basic('a:\xff\0', 'latin1')), ['a', '\xff\0']);
  assert.deepEqual(read(basic(':')), ['', '']);
  for (const other of [
    undefined,
    '',
    'Basic',
    'Basic ',
    basic('alice'),
    'Basic YTpi!',
    'Bearer YTpi',
    'xBasic YTpi',
  ])
    assert.equal(read(other), undefined, other);
});
