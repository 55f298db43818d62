import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { openBench, settings } from '../../test/support/ledger/ledger.ts';
import { testProvider } from '../../test/support/providers/test-provider.ts';
import { ONE } from '../core/values/money.ts';
import type { PolledAccount } from '../providers/api/account.ts';
import type { Feed } from '../providers/api/provider.ts';
import { DEFAULT_RATES } from '../providers/index.ts';
import { openAccount, streamsOf } from './open-account.ts';

/** A feed that has something to read only where the configuration says so. */
function feed(name: string): Feed<unknown, unknown> {
  return {
    name,
    schedule: '* * * * *',
    jitterMs: 0,
    isEnabled: (config) => z.array(z.string()).parse(config).includes(name),
    plan: () => [],
    async *ask() {},
    reader: () => ({ add() {}, finish: assert.fail }),
  };
}

function accountWith(config: readonly string[]): PolledAccount {
  return {
    provider: testProvider({ feeds: [feed('one'), feed('two')] }),
    name: 'prod',
    baseUrl: 'http://127.0.0.1:9',
    key: () => 'k',
    since: undefined,
    timeoutMs: 1000,
    schedule: {},
    config,
  };
}

test('stream has closed buckets if all of its feeds have', () => {
  const { provider } = accountWith([]);
  const closedOf = (...closed: readonly (boolean | undefined)[]) => {
    const feeds = closed.map((closedBuckets, index) => {
      const stream = { name: 'usage', granularity: 'day', settleMs: 1 } as const;
      return {
        ...feed(`${index}`),
        stream: closedBuckets === undefined ? stream : { ...stream, closedBuckets },
      };
    });
    return streamsOf({ ...provider, feeds }, []).map(({ closedBuckets }) => closedBuckets);
  };
  assert.deepEqual(closedOf(true), [true]);
  assert.deepEqual(closedOf(true, true), [true]);
  assert.deepEqual(closedOf(true, undefined), [false]);
  assert.deepEqual(closedOf(undefined), [false]);
});

test('disabled feed is not polled, and its values are cleared', async () => {
  const { ledger, account } = openBench(settings());
  const openWith = async (config: readonly string[]) => {
    const events = { answered() {}, retried() {}, rateLimit() {}, waitCut() {} };
    const options = { ledger, maxSeries: 10, rates: DEFAULT_RATES, now: () => 0, events };
    const { client, feeds } = openAccount(accountWith(config), options);
    await client.close();
    return feeds.map(({ key }) => key.feed);
  };
  const observations = [{ metric: 'balance' as const, labels: { currency: 'USD' }, value: ONE }];
  const notes = [{ topic: 't', text: 'x', isWarning: true }];
  for (const name of ['one', 'two']) {
    const poll = { at: 1, observations, notes, reconciliation: undefined, state: undefined };
    ledger.recordPoll({ account, feed: name }, poll);
  }
  assert.deepEqual(await openWith(['one', 'two']), ['one', 'two']);
  assert.deepEqual(await openWith(['one']), ['one']);
  assert.deepEqual(ledger.feed(account, 'one')?.observations, observations);
  const silent = ledger.feed(account, 'two');
  assert.deepEqual([silent?.observations, silent?.notes, silent?.lastSuccess], [[], [], 1]);
});
