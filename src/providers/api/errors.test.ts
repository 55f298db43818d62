import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { inspect } from 'node:util';
import { causeOf } from '../../poll/http/faults.ts';
import { redactKeys } from '../../poll/http/redact.ts';
import { POLL_FAILURES, PollError } from './errors.ts';

const page = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8');
const KEY = 'sk-canary-7f3a';

it('docs/errors.md has a heading for each reason, in order, and its hint below', () => {
  const sections = page.split(/^## /m).slice(1);
  const documented = sections.map((section) =>
    section
      .split('\n')
      .filter((charge) => charge !== '')
      .slice(0, 2),
  );
  assert.deepEqual(
    documented,
    Object.entries(POLL_FAILURES).map(([reason, { hint }]) => [reason, hint]),
  );
});

it('every link within docs/errors.md leads to a reason', () => {
  const targets = [...page.matchAll(/\(#([^)]+)\)/g)].map(([, target = '']) => target);
  assert.ok(targets.length > 0);
  for (const target of targets) assert.ok(Object.hasOwn(POLL_FAILURES, target), target);
});

it('a cause keeps name, message, code and stack of an error, and nothing else it carries', () => {
  const error = Object.assign(new TypeError('broke'), {
    code: 'E_BROKE',
    data: KEY,
    headers: { authorization: KEY },
  });
  const cause = causeOf(error);
  assert.deepEqual([cause.name, cause.message, cause.stack], ['TypeError', 'broke', error.stack]);
  assert.match(inspect(cause), /E_BROKE/);
  assert.ok(!inspect(cause, { depth: null, showHidden: true }).includes(KEY));
});

it('a key is taken out of a message, and a cause that holds one is dropped', () => {
  const cause = new Error('outer', { cause: new Error(`inner ${KEY}`) });
  const error = redactKeys(
    new PollError('contract', `at ${KEY}: no`, { cause, status: 200 }),
    new Set([KEY]),
  );
  assert.ok(error instanceof PollError);
  assert.deepEqual([error.message, error.cause, error.status], ['at [key]: no', undefined, 200]);
  assert.ok(!inspect(error, { depth: null, showHidden: true }).includes(KEY));
});

it('an error without a key in it stays the same error', () => {
  const error = new PollError('network', 'no', { cause: new Error('why') });
  assert.equal(redactKeys(error, new Set([KEY, '', 'no'])), error);
});
