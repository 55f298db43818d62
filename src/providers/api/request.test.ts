import assert from 'node:assert/strict';
import { test } from 'node:test';
import { billingPath } from '../northflank/account/config.ts';
import { northflank } from '../northflank/index.ts';
import { segment } from './request.ts';

test('an id is one segment of a path, or none at all', () => {
  const under = (id: string) => new URL(`http://h/teams/${segment(id)}/billing`).pathname;
  for (const id of ['a', 'a/b', '../x', 'a b', '%2e%2e', '?x', '#x', '...', '\\', 'ä', '.a']) {
    assert.equal(under(id).split('/').length, 4, id);
    assert.equal(decodeURIComponent(under(id).split('/')[2] ?? ''), id);
  }
  for (const id of ['', '.', '..']) assert.throws(() => segment(id), RangeError);
});

test('a teamId that no path can hold is refused with the configuration, and never sent', () => {
  for (const teamId of ['', '.', '..']) {
    assert.equal(northflank.config.safeParse({ teamId }).success, false, teamId);
    assert.throws(() => billingPath({ teamId, dueAfter: 0, customerCosts: true }, 'usage'), RangeError);
  }
  for (const teamId of ['my-team', 'a/b', '...'])
    assert.equal(northflank.config.safeParse({ teamId }).success, true, teamId);
});
