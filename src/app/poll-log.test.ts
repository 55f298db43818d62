import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PollEnding } from '../poll/poll-outcome.ts';
import { PollError } from '../providers/api/errors.ts';
import { createLog } from '../runtime/log.ts';
import { createPollLog } from './poll-log.ts';

function bench() {
  const lines: Record<string, unknown>[] = [];
  const log = createLog({ write: (line: string) => lines.push(JSON.parse(line)) }, { level: 'debug' });
  const logOutcome = createPollLog(log);
  /** Logs the end of a poll and returns level and message of the lines it made. */
  const ends = (ending: PollEnding, feed = 'usage') => {
    const before = lines.length;
    logOutcome({ provider: 'venice', account: 'a', feed }, { ...ending, at: 0, seconds: 0.1234 });
    return lines.slice(before).map(({ level, msg }) => `${level} ${msg}`);
  };
  return { ends, last: () => lines.at(-1) };
}

const SUCCEEDED: PollEnding = { kind: 'succeeded' };
const HINT = 'Mend it.';
const FAILED: PollEnding = {
  ...{ kind: 'failed', reason: 'auth', message: 'GET /x answered 401', hint: HINT, isBug: false },
  error: new PollError('auth', 'GET /x answered 401'),
};
const REFUSED = { kind: 'unavailable', reason: 'auth', message: 'GET /x answered 403', hint: HINT } as const;

test('poll log: of the successes of a feed only the first and recoveries are news', () => {
  const { ends } = bench();
  assert.deepEqual(ends({ kind: 'postponed' }), ['debug poll postponed']);
  assert.deepEqual(ends(SUCCEEDED), ['info first poll succeeded']);
  assert.deepEqual(ends({ kind: 'postponed' }), ['debug poll postponed']);
  assert.deepEqual(ends(SUCCEEDED), ['debug poll succeeded'], 'a poll that asked nothing changed nothing');
  assert.deepEqual(ends(SUCCEEDED, 'prices'), ['info first poll succeeded'], 'each feed has its own');
  assert.deepEqual(ends(FAILED), ['warn poll failed']);
  assert.deepEqual(ends(FAILED), ['warn poll failed']);
  assert.deepEqual(ends({ kind: 'postponed' }), ['debug poll postponed']);
  assert.deepEqual(ends(SUCCEEDED), ['info poll recovered']);
  assert.deepEqual(ends(SUCCEEDED), ['debug poll succeeded']);
});

test('poll log: a failure shows its reason, its message and what to do', () => {
  const { ends, last } = bench();
  ends(FAILED);
  const { time, ...line } = last() ?? {};
  assert.deepEqual(line, {
    ...{ level: 'warn', provider: 'venice', account: 'a', feed: 'usage', seconds: 0.123 },
    ...{ reason: 'auth', message: 'GET /x answered 401', hint: HINT, msg: 'poll failed' },
  });
});

test('poll log: an internal error is an error with its stack', () => {
  const { ends, last } = bench();
  assert.deepEqual(ends({ ...FAILED, isBug: true, error: new TypeError('x is not a function') }), [
    'error poll failed: internal error',
  ]);
  assert.match(JSON.stringify(last()), /"stack":"TypeError: x is not a function\\n/);
});

test('poll log: a feed without access is reported once, and when it is back', () => {
  const { ends } = bench();
  assert.deepEqual(ends({ ...REFUSED, isTransition: true }), [
    'info account has no access to this feed; feed switched off',
  ]);
  assert.deepEqual(ends({ ...REFUSED, isTransition: false }), []);
  assert.deepEqual(ends(SUCCEEDED), ['info poll recovered']);
});
