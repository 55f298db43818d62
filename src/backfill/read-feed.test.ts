import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FEED, openBench, settings, utc } from '../../test/support/ledger/ledger.ts';
import { HOUR, MINUTE, type Range, SECOND } from '../core/values/time.ts';
import type { ScheduledFeed } from '../poll/feed-runner.ts';
import { type FailureReason, PollError, type PollErrorOptions } from '../providers/api/errors.ts';
import type { Feed } from '../providers/api/provider.ts';
import { DEFAULT_RATES } from '../providers/index.ts';
import { Quota } from './quota.ts';
import { readFeed } from './read-feed.ts';

const NOON = utc('2026-11-20T12:00');
const WANTED: Range = { start: NOON - 3 * HOUR, end: NOON };

const failed = (reason: FailureReason, options: PollErrorOptions = {}) =>
  new PollError(reason, `it failed: ${reason}`, options);

/** A feed of hours, newest first. Each request is answered by the next of `answers`, and the others well. */
function bench(
  answers: readonly (PollError | 'empty' | undefined)[],
  more: Partial<Feed<unknown, unknown>> = {},
  budgets: readonly number[] = [],
) {
  const { ledger, account } = openBench(settings());
  const queue = [...answers];
  const lefts = [...budgets];
  const asked: number[] = [];
  const waits: number[] = [];
  let at = NOON + HOUR;
  const feed: Feed<unknown, unknown> = {
    ...{ name: FEED, schedule: '* * * * *', jitterMs: 0 },
    stream: { name: 'usage', granularity: 'hour', settleMs: 48 * HOUR },
    // Without regard to what was read, and beyond what is wanted.
    plan: () => [0, 1, 2, 3, 4].map((n) => ({ start: NOON - n * HOUR, end: NOON - (n - 1) * HOUR })),
    async *ask(_ask, range) {
      asked.push((NOON - range.start) / HOUR);
      const answer = queue.shift();
      if (answer instanceof PollError) throw answer;
      yield answer;
    },
    reader: (range) => {
      let isEmpty = false;
      const reading = { resources: [], observations: [], drift: [] };
      const statement = { granularity: 'hour', range, charges: [], omittedTiers: [] } as const;
      return {
        add: (page) => {
          isEmpty = page === 'empty';
        },
        finish: () => (isEmpty ? reading : { ...reading, statement }),
      };
    },
    ...more,
  };
  const target: ScheduledFeed = {
    ...{ key: { account, feed: FEED }, feed, config: {}, ledger, schedule: '', readsHistory: true },
    labels: { provider: 'test', account: 'test', feed: FEED },
    rates: () => DEFAULT_RATES,
    now: () => at,
    asOf: () => (at += 1),
    client: {
      ask: () => async () => assert.fail('nothing is asked here'),
      notBefore: () => 0,
      budgetLeft: () => lefts.shift() ?? 100,
      close: async () => {},
    },
  };
  const unread = () => ledger.gaps(account, 'usage', WANTED);
  const wait = async (ms: number) => {
    waits.push(ms);
    at += ms;
  };
  const stopping = new AbortController();
  const events = { progress() {}, failed() {}, waiting() {} };
  const read = () =>
    readFeed(target, unread, new Quota(100), { now: () => at, wait, signal: stopping.signal, events });
  return { read, unread, asked, waits, stopping };
}

test('backfill asks a feed for what is wanted and unread only', async () => {
  const { read, unread, asked } = bench([]);
  assert.equal(await read(), undefined);
  assert.deepEqual(asked, [1, 2, 3]);
  assert.deepEqual(unread(), []);
  await read();
  assert.equal(asked.length, 3);
});

test('backfill tries again after a fault, and asks for what it did not get', async () => {
  const { read, asked, waits } = bench([failed('server'), failed('network')]);
  assert.equal(await read(), undefined);
  assert.deepEqual(asked, [1, 1, 1, 2, 3]);
  assert.deepEqual(waits, [30 * SECOND, MINUTE]);
});

test('backfill waits as long as the provider says', async () => {
  const { read, waits } = bench([failed('rate_limited', { retryAt: NOON + HOUR + 90 * SECOND })]);
  await read();
  assert.equal(waits.length, 2);
  assert.ok(Math.abs(90 * SECOND - (waits[0] ?? 0) - (waits[1] ?? 0)) < SECOND);
});

test('backfill gives a feed up after four failures without progress', async () => {
  const faults = Array.from({ length: 4 }, () => failed('server'));
  const { read, asked, waits } = bench(faults);
  assert.equal((await read())?.message, 'it failed: server');
  assert.equal(asked.length, 4);
  assert.deepEqual(
    waits.reduce((sum, ms) => sum + ms, 0),
    210 * SECOND,
  );
});

test('backfill counts failures from 1 again after progress', async () => {
  const fault = failed('server');
  const { read, unread } = bench([fault, fault, fault, undefined, fault, fault, fault]);
  assert.equal(await read(), undefined);
  assert.deepEqual(unread(), []);
});

test('backfill does not repeat what a key may not read, nor an optional feed that is refused', async () => {
  for (const [error, more, requests] of [
    [failed('auth', { status: 403 }), {}, 1],
    [failed('contract', { status: 404 }), { optional: true }, 3],
  ] as const) {
    const { read, asked, waits } = bench([error], more);
    assert.equal(await read(), error);
    assert.deepEqual([asked.length, waits.length], [requests, 0]);
  }
});

test('backfill leaves a feed that has nothing more to tell', async () => {
  const { read, unread, asked } = bench(['empty', 'empty', 'empty', 'empty', 'empty', 'empty']);
  assert.equal(await read(), undefined);
  assert.deepEqual(asked, [1, 2, 3]);
  assert.deepEqual(unread(), [WANTED]);
});

test('backfill waits while fewer than half of the requests are left', async () => {
  const { read, waits } = bench([], {}, [49, 49, 49, 50]);
  await read();
  assert.deepEqual(waits, [5 * SECOND, 5 * SECOND]);
});

test('backfill ends with the reason of its signal', async () => {
  const { read, stopping, asked } = bench([failed('server')]);
  stopping.abort(new Error('stop'));
  await assert.rejects(read(), { message: 'stop' });
  assert.deepEqual(asked, []);
});
