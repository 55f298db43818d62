import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cost, FEED, openBench, settings, utc } from '../../test/support/ledger/ledger.ts';
import type { Drift, Observation } from '../core/statement/statement.ts';
import { fromNumber } from '../core/values/money.ts';
import { HOUR, type Range } from '../core/values/time.ts';
import {
  type FailureReason,
  mostTelling,
  PollError,
  type PollErrorOptions,
} from '../providers/api/errors.ts';
import type { Feed } from '../providers/api/provider.ts';
import { DEFAULT_RATES } from '../providers/index.ts';
import { pollFeed } from './poll-feed.ts';
import type { PollTarget } from './poll-target.ts';

const NOON = utc('2026-11-20T12:00');

type Reply = { dollars?: number; silent?: string[]; observations?: Observation[]; again?: boolean };
type Answer = Reply | PollError;

const failed = (reason: FailureReason, options: PollErrorOptions = {}) =>
  new PollError(reason, reason, options);
const gross = (tier: string, dollars: number): Observation => ({
  metric: 'monthGross',
  labels: { tier },
  value: fromNumber(dollars),
});

/** A feed of hours, newest first, each of which is answered as told. */
function bench(
  answers: readonly Answer[],
  more: Partial<Feed<unknown, unknown>> = {},
  budget = Number.POSITIVE_INFINITY,
  hasBooks = true,
) {
  const { store, ledger, account } = openBench(settings());
  const asked: number[] = [];
  const queue = [...answers];
  const feed: Feed<unknown, unknown> = {
    name: FEED,
    schedule: '* * * * *',
    jitterMs: 0,
    ...(hasBooks && { stream: { name: 'usage', granularity: 'hour', settleMs: 48 * HOUR } }),
    plan: () => queue.map((_, index) => ({ start: NOON - (index + 1) * HOUR, end: NOON - index * HOUR })),
    async *ask(_ask, range) {
      asked.push(range.start);
      const answer = queue.shift();
      if (answer instanceof PollError) throw answer;
      yield answer;
    },
    reader: (range: Range) => {
      let answer: Reply = {};
      return {
        add: (page) => {
          answer = page as Reply;
        },
        finish: () => {
          const charges = answer.dollars ? [cost(range.start, 'a', answer.dollars, { tier: 'x' })] : [];
          const statement = {
            granularity: 'hour' as const,
            range,
            charges,
            omittedTiers: answer.silent ?? [],
          };
          return {
            statement,
            resources: [],
            observations: answer.observations ?? [],
            drift: [],
            state: `${asked.length}`,
            reread: answer.again ?? false,
          };
        },
      };
    },
    ...more,
  };
  let lastAsOf = NOON;
  const target: PollTarget = {
    key: { account, feed: FEED },
    feed,
    config: {},
    ledger,
    rates: () => DEFAULT_RATES,
    now: () => lastAsOf,
    asOf: () => (lastAsOf += 1),
    client: {
      ask: () => async () => assert.fail('nothing is asked here'),
      notBefore: () => 0,
      budgetLeft: () => budget,
      close: async () => {},
    },
  };
  const drift: Drift[] = [];
  const watcher = {
    applied() {},
    drift: (each: Drift) => void drift.push(each),
    warned() {},
    unconverted() {},
    progress() {},
  };
  const poll = (next?: readonly Answer[]) => {
    queue.push(...(next ?? []));
    return pollFeed(target, watcher, new AbortController().signal);
  };
  const spent = () =>
    [...store.periodTotals('month', utc('2026-11-01'))].reduce((sum, [, value]) => sum + value, 0n);
  return { poll, asked, store, ledger, spent, drift, row: () => ledger.feed(account, FEED) };
}

test('poll reads the remaining ranges after an unreadable range, and fails', async () => {
  const { poll, asked, spent, row } = bench([
    { dollars: 1 },
    failed('contract', { status: 200 }),
    { dollars: 2 },
  ]);
  await assert.rejects(poll(), { reason: 'contract' });
  assert.equal(asked.length, 3);
  assert.equal(spent(), fromNumber(3));
  assert.equal(row()?.lastSuccess, undefined);
  assert.equal(row()?.state, '3', 'what was applied is remembered');
});

test('poll fails as contract on an absurd amount, in or beside the statement, and applies nothing of the answer', async () => {
  for (const absurd of [
    { dollars: 1e13 },
    { dollars: -1e13 },
    { dollars: 5, observations: [gross('x', 1e13)] },
  ]) {
    const { poll, spent, row } = bench([{ dollars: 1 }, absurd]);
    await assert.rejects(poll(), { reason: 'contract', message: /cannot be right/ });
    assert.equal(spent(), fromNumber(1));
    assert.deepEqual(row()?.observations, []);
  }
});

test('poll stops after three refusals in a row', async () => {
  for (const status of [400, 404, 422]) {
    const refusals = Array.from({ length: 50 }, () => failed('contract', { status }));
    const { poll, asked } = bench(refusals);
    await assert.rejects(poll(), { reason: 'contract' });
    assert.equal(asked.length, 3, `${status}`);
  }
});

test('poll stops after ten unreadable answers in a row', async () => {
  const { poll, asked } = bench(Array.from({ length: 50 }, () => failed('contract')));
  await assert.rejects(poll(), { reason: 'contract' });
  assert.equal(asked.length, 10);
});

test('poll stops at any other failure', async () => {
  for (const reason of ['auth', 'rate_limited', 'server', 'timeout', 'network', 'sunset'] as const) {
    const { poll, asked, spent } = bench([{ dollars: 1 }, failed(reason), { dollars: 2 }]);
    await assert.rejects(poll(), { reason });
    assert.equal(asked.length, 2);
    assert.equal(spent(), fromNumber(1));
  }
});

test('poll reports the most telling failure, with the reason of each range', async () => {
  for (const reason of [
    'auth',
    'sunset',
    'server',
    'rate_limited',
    'timeout',
    'network',
    'storage',
    'config',
  ] as const) {
    const { poll } = bench([
      failed('contract', { status: 404 }),
      { dollars: 1 },
      failed(reason),
      { dollars: 2 },
    ]);
    const hour = (index: number, of: FailureReason) => ({
      start: NOON - (index + 1) * HOUR,
      end: NOON - index * HOUR,
      reason: of,
      message: of,
    });
    await assert.rejects(poll(), { reason, ranges: [hour(0, 'contract'), hour(2, reason)] });
  }
});

test('poll reports the first of equally telling failures', () => {
  const [first, second] = [failed('contract'), failed('contract')];
  assert.equal(mostTelling(first, second), first);
  const order = ['auth', 'sunset', 'server', 'rate_limited', 'timeout', 'network', 'contract'] as const;
  const shuffled = [...order].reverse().map((reason) => failed(reason));
  for (const reason of order) {
    const [head, ...rest] = shuffled;
    assert.ok(head);
    const told = mostTelling(head, ...rest);
    assert.equal(told.reason, reason);
    shuffled.splice(shuffled.indexOf(told), 1);
  }
});

test('poll reports an internal error before any other failure', async () => {
  const bug = new TypeError('a bug');
  let asked = 0;
  const { poll } = bench([failed('contract'), {}], {
    async *ask() {
      asked += 1;
      yield {};
      throw asked === 1 ? failed('contract') : bug;
    },
  });
  await assert.rejects(poll(), bug);
});

test('feed that reserves requests ends its poll early, without failure', async () => {
  const { poll, asked, row } = bench([{ dollars: 1 }, { dollars: 2 }], { reserveRequests: 400 }, 399);
  await poll();
  assert.equal(asked.length, 0);
  assert.notEqual(row()?.lastSuccess, undefined);
});

test('feed without billing facts is postponed, not successful, if requests are reserved', async () => {
  const observations = [gross('x', 1)];
  const { poll, row } = bench([{ observations }], { reserveRequests: 400 }, 399, false);
  assert.equal(await poll(), 'postponed');
  assert.equal(row(), undefined);
});

test('observations whose labels are exposed alike are one', async () => {
  const [half, other] = ['x\ud800', 'x\ud801'];
  const { poll, row } = bench([{ observations: [gross(half, 1), gross(other, 2), gross('y\0', 3)] }]);
  await poll();
  assert.deepEqual(row()?.observations, [gross('x\ufffd', 1), gross('y\ufffd', 3)]);
});

test('observations stay after a failed poll, and go if a successful poll omits them', async () => {
  const { poll, row } = bench([{ dollars: 1, observations: [gross('x', 10), gross('y', 5)] }]);
  await poll();
  await assert.rejects(poll([{ dollars: 1, observations: [gross('x', 11)] }, failed('server')]));
  const shown = () =>
    row()
      ?.observations.map(({ labels, value }) => [labels.tier, value])
      .sort();
  assert.deepEqual(shown(), [
    ['x', fromNumber(11)],
    ['y', fromNumber(5)],
  ]);
  await poll([{ dollars: 1, observations: [gross('x', 12)] }]);
  assert.deepEqual(shown(), [['x', fromNumber(12)]]);
});

test('month totals of a tier stay until its absence is confirmed', async () => {
  const { poll, row, spent } = bench([{ dollars: 1, observations: [gross('x', 10)] }]);
  await poll();
  await poll([{ silent: ['x'] }]);
  assert.deepEqual(
    row()?.observations.map(({ value }) => value),
    [fromNumber(10)],
  );
  assert.equal(spent(), fromNumber(1));
});

test('poll rereads ranges on request after all others, oldest first', async () => {
  const asked: number[] = [];
  const { poll, spent } = bench([{}, {}, {}], {
    async *ask(_ask, range) {
      asked.push((NOON - range.start) / HOUR);
      yield { dollars: 2 ** asked.length, again: range.start !== NOON - 3 * HOUR };
    },
  });
  await poll();
  assert.deepEqual(asked, [1, 2, 3, 2, 1]);
  assert.equal(spent(), fromNumber(8 + 16 + 32), 'the last reading of each counts');
});

test('poll keeps the newest of several values of one observation', async () => {
  const at = (time: number, dollars: number) => ({ ...gross('x', dollars), at: time });
  const { poll, row } = bench([
    { observations: [at(2, 20)] },
    { observations: [at(3, 30)] },
    { observations: [at(1, 10)] },
  ]);
  await poll();
  assert.deepEqual(row()?.observations, [at(3, 30)]);
});

test('feed knows the series applied before, including in the same poll', async () => {
  const known: boolean[] = [];
  const { poll } = bench([{ dollars: 1 }, { dollars: 2 }], {
    async *ask(_ask, range, { hasSeries }) {
      known.push(hasSeries({ measure: 'cost', resource: 'a', model: '', tier: 'x', detail: 'USD' }));
      known.push(hasSeries({ measure: 'cost', resource: 'b', model: '', tier: 'x', detail: 'USD' }));
      yield { dollars: range.start === NOON - HOUR ? 1 : 2 };
    },
  });
  await poll();
  assert.deepEqual(known, [false, false, true, false]);
});

test('long label is truncated in the ledger and counted as drift once per poll', async () => {
  const long = 'x'.repeat(2 ** 20);
  const { poll, drift, store, row } = bench([{ dollars: 1, observations: [gross(long, 5)] }]);
  await poll();
  assert.deepEqual(drift, [{ kind: 'long_label', what: 'a tier of 1048576 characters' }]);
  assert.ok((row()?.observations[0]?.labels.tier?.length ?? 0) <= 256);
  assert.equal(store.load().series.length, 1);
});

test('feed keeps 10,000 values beyond the bill, and counts the rest as drift', async () => {
  const observations = Array.from({ length: 200_000 }, (_, index) => gross(`tier-${index}`, 5));
  const { poll, drift, row } = bench([{ dollars: 1, observations }]);
  await poll();
  assert.deepEqual(drift, [{ kind: 'too_many_values', what: '200000 values, 10000 are kept' }]);
  assert.equal(row()?.observations.length, 10_000);
});
