import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { z } from 'zod';
import { QUIET } from '../../test/support/exporter/watched-polls.ts';
import { openBench, Refused, settings, utc } from '../../test/support/ledger/ledger.ts';
import { testProvider } from '../../test/support/providers/test-provider.ts';
import type { AccountSettings } from '../core/ledger/settings.ts';
import type { Ledger } from '../core/ledger.ts';
import { constantRate, type Rates } from '../core/values/exchange-rates.ts';
import { ONE } from '../core/values/money.ts';
import type { Instant } from '../core/values/time.ts';
import type { PolledAccount } from '../providers/api/account.ts';
import type { FeedContext, Provider } from '../providers/api/provider.ts';
import { DEFAULT_RATES } from '../providers/index.ts';
import { createSelfMetrics } from '../sinks/prometheus/self.ts';
import { AccountSet, type AccountsOptions } from './account-set.ts';

const NOON = utc('2026-11-20T12:00');

/** A poll that was asked and waits to be answered. */
interface Asked {
  readonly account: unknown;
  readonly context: FeedContext<unknown>;
  answer(): void;
}

function bench(context: TestContext, change: (ledger: Ledger) => Ledger = (ledger) => ledger) {
  const asked: Asked[] = [];
  const feed = (name: string): Provider<unknown>['feeds'][number] => ({
    name,
    schedule: '0 0 1 1 *',
    jitterMs: 0,
    isEnabled: (config) => name === 'usage' || z.object({ more: z.boolean() }).parse(config).more,
    plan: () => [{ start: NOON, end: NOON }],
    async *ask(_ask, _range, inPoll) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      inPoll.signal.addEventListener('abort', () => reject(inPoll.signal.reason));
      asked.push({ account: inPoll.config, context: inPoll, answer: resolve });
      yield await promise;
    },
    reader: () => ({ add() {}, finish: () => ({ resources: [], observations: [], drift: [] }) }),
  });
  const provider = testProvider({ feeds: [feed('usage'), feed('more')] });
  const account = (name: string, more: Partial<PolledAccount> = {}): PolledAccount => ({
    provider,
    name,
    baseUrl: 'http://127.0.0.1:9',
    key: () => `key-of-${name}`,
    since: undefined,
    timeoutMs: 1000,
    schedule: {},
    config: { of: name, more: false },
    ...more,
  });
  const opened = openBench(settings());
  opened.ledger.deactivateAccount(opened.account);
  const ledger = change(opened.ledger);
  const build = { version: '1', revision: '', failureReasons: ['auth'], processMetrics: false };
  const self = createSelfMetrics(build);
  const events = { ...QUIET, pollEnded: self.pollEnded };
  const configOf = (accounts: readonly PolledAccount[], rates: Rates = DEFAULT_RATES, maxSeries = 10) => ({
    accounts,
    rates,
    maxSeries,
  });
  return {
    account,
    asked,
    configOf,
    ledger,
    open(first: readonly PolledAccount[]) {
      const options = {
        ledger,
        self,
        events: { ...events, pollEnded: ({ labels }, outcome) => self.pollEnded(labels, outcome) },
        now: () => NOON,
        random: () => 0,
        waitCut() {},
      } satisfies AccountsOptions;
      const accounts = new AccountSet(options, configOf(first));
      context.after(() => accounts.close());
      accounts.start();
      return accounts;
    },
    page: () => self.text(),
  };
}

const titles = (states: ReturnType<AccountSet['states']>) =>
  states.map(({ feed: { labels }, isPolling }) => `${labels.account} ${labels.feed} ${isPolling}`);

test('account set: a replacement keeps unchanged accounts, restarts changed ones and stops removed ones', async (t) => {
  const { account, asked, configOf, open, page, ledger } = bench(t);
  const accounts = open([account('same'), account('changed'), account('gone')]);
  await new Promise(setImmediate);
  assert.deepEqual(
    asked.map(({ context }) => context.signal.aborted),
    [false, false, false],
  );
  const [before] = accounts.states();
  const rotated = account('same', { key: () => 'key-of-same' });
  const next = [account('new'), rotated, account('changed', { timeoutMs: 2000 })];
  const replaced = await accounts.replace(configOf(next));
  assert.deepEqual(replaced, { added: ['test/new'], changed: ['test/changed'], removed: ['test/gone'] });
  await new Promise(setImmediate);
  assert.deepEqual(
    asked.map(({ context }) => context.signal.aborted),
    [false, true, true, false, false],
  );
  assert.equal(accounts.states()[1]?.feed, before?.feed, 'the very same feed');
  assert.deepEqual(titles(accounts.states()), ['new usage true', 'same usage true', 'changed usage true']);
  asked[0]?.answer();
  await new Promise(setImmediate);
  assert.equal(accounts.states()[1]?.last?.kind, 'succeeded');
  const text = await page();
  assert.match(text, /^ai_billing_polls_total\{provider="test",account="same",feed="usage"\} 1$/m);
  assert.doesNotMatch(text, /account="gone"/);
  const shown = ledger.publish(NOON).families.find(({ name }) => name === 'ai_billing_series');
  assert.deepEqual(shown?.samples.map(({ labels }) => labels[1]).sort(), ['changed', 'new', 'same']);
});

test('account set: any change to the requests of an account restarts it', async (t) => {
  const changes: Partial<PolledAccount>[] = [
    { baseUrl: 'http://127.0.0.1:10' },
    { key: () => 'another' },
    { since: NOON },
    { timeoutMs: 1 },
    { schedule: { usage: '1 1 1 1 *' } },
    { config: { of: 'a', more: true } },
  ];
  const { account, configOf, open } = bench(t);
  const accounts = open([account('a')]);
  for (const change of changes) {
    assert.deepEqual((await accounts.replace(configOf([account('a', change)]))).changed, ['test/a']);
    assert.deepEqual((await accounts.replace(configOf([account('a')]))).changed, ['test/a']);
    assert.deepEqual((await accounts.replace(configOf([account('a')]))).changed, []);
  }
});

test('account set: new rates and limits apply to later reads, also of unchanged accounts', async (t) => {
  const { account, asked, configOf, open } = bench(t);
  const accounts = open([account('a')]);
  await new Promise(setImmediate);
  const usd = (poll: Asked | undefined) => poll?.context.usdOf(ONE, 'EUR');
  const eur = new Map([...DEFAULT_RATES, ['EUR', constantRate(2n * ONE)] as const]);
  await accounts.replace(configOf([account('a')], eur));
  assert.equal(usd(asked[0]), undefined, 'the poll in flight goes on as it began');
  asked[0]?.answer();
  await new Promise(setImmediate);
  const again = accounts.pollAll();
  await new Promise(setImmediate);
  assert.equal(usd(asked[1]), 2n * ONE);
  asked[1]?.answer();
  await again;
});

test('account set: the metrics of a disabled feed are removed', async (t) => {
  const { account, configOf, open, page } = bench(t);
  const accounts = open([account('a', { config: { of: 'a', more: true } })]);
  assert.match(await page(), /feed="more"/);
  await accounts.replace(configOf([account('a')]));
  const text = await page();
  assert.doesNotMatch(text, /feed="more"/);
  assert.match(text, /feed="usage"/);
});

test('account set: a replacement that the ledger rejects changes nothing', async (t) => {
  let isFull = false;
  const { account, asked, configOf, open, ledger, page } = bench(t, (real) => {
    const openAccount = real.openAccount.bind(real);
    return Object.assign(real, {
      openAccount(given: AccountSettings, now: Instant) {
        if (isFull && given.name === 'b') throw new Refused('full');
        return openAccount(given, now);
      },
    });
  });
  const accounts = open([account('a'), account('z')]);
  await new Promise(setImmediate);
  isFull = true;
  const next = [account('first'), account('a', { timeoutMs: 5 }), account('b')];
  await assert.rejects(accounts.replace(configOf(next)), Refused);
  assert.deepEqual(titles(accounts.states()), ['a usage true', 'z usage true']);
  assert.ok(asked.every(({ context }) => !context.signal.aborted));
  const shown = ledger.publish(NOON).families.find(({ name }) => name === 'ai_billing_series');
  assert.deepEqual(shown?.samples.map(({ labels }) => labels[1]).sort(), ['a', 'z']);
  assert.doesNotMatch(await page(), /account="first"/);
  isFull = false;
  assert.deepEqual((await accounts.replace(configOf(next))).added, ['test/first', 'test/b']);
});

test('account set: nothing is requested before the start', async (t) => {
  const { account, asked, configOf, ledger } = bench(t);
  const self = createSelfMetrics({ version: '1', revision: '', failureReasons: [], processMetrics: false });
  const options = { ledger, self, events: QUIET, now: () => NOON, random: () => 0, waitCut() {} };
  const accounts = new AccountSet(options, configOf([account('a')]));
  t.after(() => accounts.close());
  await accounts.replace(configOf([account('b')]));
  await new Promise(setImmediate);
  assert.deepEqual(asked, []);
  accounts.start();
  await new Promise(setImmediate);
  assert.equal(asked.length, 1);
});
