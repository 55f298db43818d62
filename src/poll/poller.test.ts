import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { openBench, settings, utc } from '../../test/support/ledger/ledger.ts';
import type { FeedKey } from '../core/ledger/settings.ts';
import type { Ledger } from '../core/ledger.ts';
import { fromNumber } from '../core/values/money.ts';
import { HOUR, MINUTE, SECOND } from '../core/values/time.ts';
import { PollError, reasonOfStatus } from '../providers/api/errors.ts';
import type { Feed } from '../providers/api/provider.ts';
import { DEFAULT_RATES } from '../providers/index.ts';
import type { PollOutcome } from './poll-outcome.ts';
import { createPoller, type PollerOptions } from './poller.ts';

const NOON = utc('2026-11-20T12:00');

type Answer = 'well' | PollError;

const answered = (status: number) =>
  new PollError(reasonOfStatus(status), `GET /x answered ${status}`, { status });

/** One feed that learns something of everything a feed can learn, unless it is answered otherwise. */
function bench(
  optional = true,
  change: (ledger: Ledger) => Ledger = (ledger) => ledger,
  wrapPoll?: PollerOptions['wrapPoll'],
  isRead = false,
) {
  const { ledger, account } = openBench(settings());
  const key = { account, feed: 'prices' };
  const queue: Answer[] = [];
  const ended: PollOutcome[] = [];
  let now = NOON;
  let asked = 0;
  const feed: Feed<unknown, unknown> = {
    name: 'prices',
    schedule: '0 * * * *',
    jitterMs: 0,
    optional,
    plan: () => [{ start: now, end: now }],
    async *ask() {
      asked += 1;
      const answer = queue.shift();
      if (answer instanceof PollError) throw answer;
      yield answer;
    },
    reader: () => ({
      add() {},
      finish: () => ({
        resources: [],
        observations: [{ metric: 'monthGross', labels: { tier: 'x' }, value: fromNumber(1) }],
        reconciliation: { difference: fromNumber(2), against: 'a total' },
        drift: [],
        notes: [{ topic: 'tier', text: 'paid', isWarning: false }],
        state: 'remembered',
      }),
    }),
  };
  const client = {
    ask: () => async () => assert.fail('nothing is asked here'),
    notBefore: () => 0,
    budgetLeft: () => Number.POSITIVE_INFINITY,
    close: async () => {},
  };
  const labels = { provider: 'test', account: 'prod', feed: 'prices' };
  const target = {
    key,
    feed,
    config: {},
    ledger: change(ledger),
    rates: () => DEFAULT_RATES,
    client,
    labels,
  };
  const clock = { now: () => now, asOf: (at: number) => at };
  const quiet = { applied() {}, drift() {}, warned() {}, unconverted() {}, progress() {} };
  const scheduled = { ...target, ...clock, schedule: feed.schedule, readsHistory: false };
  const reader = {
    ...scheduled,
    key: { account, feed: 'reader' },
    feed: { ...feed, name: 'reader', after: ['prices'], plan: () => [] },
  };
  const poller = createPoller({
    feeds: isRead ? [reader, scheduled] : [scheduled],
    events: { ...quiet, pollEnded: (_, outcome) => void ended.push(outcome) },
    now: () => now,
    random: () => 0,
    ...(wrapPoll && { wrapPoll }),
  });
  return {
    ended,
    asked: () => asked,
    state: () => poller.states()[0],
    row: () => ledger.feed(account, 'prices'),
    poller,
    queue,
    wait: (ms: number) => {
      now += ms;
    },
    async poll(answer: Answer) {
      queue.splice(0, queue.length, answer);
      const [outcome] = await poller.pollAll();
      assert.ok(outcome);
      return outcome;
    },
  };
}

const OFF = [401, 402, 403, 404, 410];
const NOT_OFF = [400, 405, 408, 409, 422, 429, 500, 501, 502, 503, 504, 200];

test('optional feed becomes unavailable after a refusal, and fails after anything else', async () => {
  for (const status of [...OFF, ...NOT_OFF]) {
    const { poll, state } = bench();
    await poll('well');
    const outcome = await poll(answered(status));
    assert.equal(outcome.kind, OFF.includes(status) ? 'unavailable' : 'failed', `${status}`);
    assert.equal(state()?.lastError === undefined, OFF.includes(status), `${status}`);
  }
  for (const reason of ['network', 'timeout', 'contract', 'storage'] as const) {
    const { poll } = bench();
    assert.equal((await poll(new PollError(reason, reason))).kind, 'failed', reason);
  }
});

test('required feed fails after a refusal, and keeps its values', async () => {
  for (const status of OFF) {
    const { poll, row } = bench(false);
    await poll('well');
    assert.equal((await poll(answered(status))).kind, 'failed', `${status}`);
    assert.equal(row()?.state, 'remembered');
    assert.equal(row()?.observations.length, 1);
  }
});

test('unavailable feed loses its values, except the time of its last success', async () => {
  const { poll, row } = bench();
  await poll('well');
  const { lastSuccess, read, ...learned } = row() ?? assert.fail('nothing was stored');
  assert.equal(lastSuccess, NOON);
  assert.equal(learned.notes.length, 1);
  assert.equal(learned.reconciliation?.difference, fromNumber(2));
  await poll(answered(403));
  assert.deepEqual(row(), {
    account: learned.account,
    feed: 'prices',
    read,
    lastSuccess: NOON,
    state: undefined,
    observations: [],
    notes: [],
    reconciliation: undefined,
  });
});

test('feed keeps its values after a failed poll', async () => {
  const { poll, row } = bench();
  await poll('well');
  const before = row();
  for (const failure of [answered(503), answered(429), new PollError('contract', 'empty')]) {
    await poll(failure);
    assert.deepEqual(row(), before);
  }
});

test('unavailable feed is not polled for an hour, is reported once, and recovers', async () => {
  const { poll, wait, asked, ended, row } = bench();
  const off = await poll(answered(403));
  assert.ok(off.kind === 'unavailable' && off.isTransition && off.reason === 'auth');
  wait(HOUR - 2 * MINUTE - 1);
  assert.equal((await poll('well')).kind, 'unavailable');
  assert.deepEqual([asked(), ended.length], [1, 1], 'neither asked nor told');
  wait(1);
  const still = await poll(answered(404));
  assert.ok(still.kind === 'unavailable' && !still.isTransition, 'no news');
  wait(HOUR);
  assert.equal((await poll('well')).kind, 'succeeded');
  assert.equal(row()?.state, 'remembered');
  const again = await poll(answered(410));
  assert.ok(again.kind === 'unavailable' && again.isTransition, 'it had been back');
});

test('unavailable feed fails like any other after a different error', async () => {
  const { poll, wait, state } = bench();
  await poll(answered(403));
  wait(HOUR);
  assert.equal((await poll(answered(500))).kind, 'failed');
  assert.equal(state()?.lastError?.reason, 'server');
  wait(MINUTE);
  assert.equal((await poll('well')).kind, 'succeeded', 'a failure does not wait for the hour');
});

test('poll fails as storage if an unavailable feed cannot be cleared', async () => {
  let isFull = true;
  const { poll, wait, row } = bench(true, (ledger) => {
    const clearFeed = ledger.clearFeed.bind(ledger);
    return Object.assign(ledger, {
      clearFeed(feed: FeedKey) {
        if (isFull) throw Object.assign(new Error('disk full'), { code: 'ERR_SQLITE_ERROR' });
        clearFeed(feed);
      },
    });
  });
  await poll('well');
  const failed = await poll(answered(403));
  assert.ok(failed.kind === 'failed' && failed.reason === 'storage' && !failed.isBug);
  assert.equal(row()?.state, 'remembered', 'nothing is half forgotten');
  isFull = false;
  wait(MINUTE);
  const off = await poll(answered(403));
  assert.ok(off.kind === 'unavailable' && off.isTransition);
  assert.equal(row()?.state, undefined);
});

test('feed without any reading can become unavailable', async () => {
  const { poll, row } = bench();
  assert.equal((await poll(answered(403))).kind, 'unavailable');
  assert.equal(row()?.lastSuccess, undefined);
});

test('unavailable feed is polled again after the clock is set back', async () => {
  const { poll, wait, asked } = bench();
  await poll(answered(403));
  wait(-30 * HOUR);
  assert.equal((await poll('well')).kind, 'succeeded');
  assert.equal(asked(), 2);
});

test('wrapPoll encloses a poll and its events', async () => {
  const order: string[] = [];
  const { poll, ended } = bench(true, undefined, async (feed, run, stopping) => {
    order.push(`begins ${feed.labels.feed} ${stopping.aborted}`);
    const outcome = await run();
    order.push(`ends ${outcome.kind} ${ended.length}`);
    return outcome;
  });
  await poll('well');
  await poll(answered(500));
  await poll(answered(403));
  await poll('well');
  const begins = 'begins prices false';
  assert.deepEqual(order, [
    begins,
    'ends succeeded 1',
    begins,
    'ends failed 2',
    begins,
    'ends unavailable 3',
  ]);
});

test('a feed is first polled after those whose names it uses, but does not wait for them forever', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const begun: string[] = [];
  const named = Promise.withResolvers<void>();
  const { poller } = bench(
    true,
    undefined,
    async ({ key }, run) => {
      begun.push(key.feed);
      if (key.feed === 'prices') await named.promise;
      return run();
    },
    true,
  );
  const first = poller.pollAll();
  await setImmediate();
  assert.deepEqual(begun, ['prices']);
  context.mock.timers.tick(10 * SECOND);
  await setImmediate();
  assert.deepEqual(begun, ['prices', 'reader']);
  named.resolve();
  await first;
  // What was named stays known.
  await poller.pollAll();
  assert.deepEqual(begun, ['prices', 'reader', 'reader', 'prices']);
});

test('wrapPoll does not enclose the retry of a poll', async () => {
  const within = new AsyncLocalStorage<string>();
  const begun: (string | undefined)[] = [];
  const again = Promise.withResolvers<void>();
  const { poller, queue } = bench(true, undefined, (_feed, run) => {
    begun.push(within.getStore());
    if (begun.length === 2) again.resolve();
    return within.run('a poll', run);
  });
  queue.push(new PollError('rate_limited', 'GET /x answered 429', { retryAt: NOON + 20 }));
  poller.start();
  await again.promise;
  await poller.stop();
  assert.deepEqual(begun, [undefined, undefined]);
});
