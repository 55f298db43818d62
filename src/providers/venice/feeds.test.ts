import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openBench, settings, utc, valuesOf } from '../../../test/support/ledger/ledger.ts';
import { HOUR, type Instant, MINUTE } from '../../core/values/time.ts';
import { pollFeed } from '../../poll/poll-feed.ts';
import { PollError } from '../api/errors.ts';
import type { Ask } from '../api/request.ts';
import { DEFAULT_RATES } from '../index.ts';
import { venice } from './index.ts';
import { VeniceConfig } from './usage/ask.ts';
import { SETTLE_MS } from './usage/plan.ts';

const NOW = utc('2026-11-22T12:00:30');
const SINCE = utc('2026-11-01');
const ORDERS = [
  ['usage', 'usage_recent', 'usage_history'],
  ['usage', 'usage_history', 'usage_recent'],
  ['usage_recent', 'usage', 'usage_history'],
  ['usage_recent', 'usage_history', 'usage'],
  ['usage_history', 'usage', 'usage_recent'],
  ['usage_history', 'usage_recent', 'usage'],
] as const;

interface Entry {
  readonly at: Instant;
  readonly sku: string;
  readonly amount: number;
  readonly price?: number;
}

/** A server with these entries, and an account that reads them into a ledger. */
function account(entries: Entry[]) {
  const stream = { granularities: ['minute'], settleMs: SETTLE_MS, reachMs: SETTLE_MS } as const;
  const { ledger, account: id } = openBench(settings(stream, { since: SINCE }));
  const drift: string[] = [];
  const broken = new Set<Instant>();
  let now = NOW;
  let asOf = NOW;
  const ask: Ask = async ({ query = {}, schema }) => {
    const [start, end] = [Date.parse(query.startTimestamp ?? ''), Date.parse(query.endTimestamp ?? '')];
    if (broken.has(start)) throw new PollError('contract', 'unreadable');
    const inside = entries.filter(({ at }) => at >= start && at < end).sort((a, b) => a.at - b.at);
    const data = inside.map(({ at, sku, amount, price = 1 }) => ({
      ...{ amount, sku, currency: 'USD', inferenceDetails: null, notes: '', pricePerUnitUsd: price },
      ...{ timestamp: new Date(at).toISOString(), units: 1 },
    }));
    return { body: schema.parse({ data, nextCursor: null }), headers: {} };
  };
  const client = { ask: () => ask, notBefore: () => 0, budgetLeft: () => 1000, close: async () => {} };
  const unheard = { applied() {}, warned() {}, unconverted() {}, progress() {} };
  const watcher = { ...unheard, drift: ({ what }: { what: string }) => drift.push(what) };
  const poll = async (name: string) => {
    const feed = venice.feeds.find((each) => each.name === name);
    assert.ok(feed);
    const target = {
      ledger,
      rates: () => DEFAULT_RATES,
      client,
      feed,
      config: VeniceConfig.parse({}),
      key: { account: id, feed: name },
    };
    const clock = { now: () => now, asOf: () => (asOf += 1) };
    await pollFeed({ ...target, ...clock }, watcher, new AbortController().signal);
  };
  const shown = (family: string) =>
    [...valuesOf(ledger, now)].flatMap(([key, value]) => (key.startsWith(family) ? [value] : []));
  return {
    poll,
    shown,
    drift,
    broken,
    pass: (ms: number) => {
      now += ms;
      asOf = Math.max(asOf, now);
    },
  };
}

const CHARGE = { at: NOW - 20 * HOUR, sku: 'custom-thing', amount: -5 };
const REFUND = { at: NOW - MINUTE, sku: 'custom-thing', amount: 2 };

describe('three feeds of one ledger', () => {
  for (const order of ORDERS) {
    it(`agree that money back is no top-up, read as ${order.join(', ')}`, async () => {
      const { poll, shown, drift, pass } = account([CHARGE, REFUND]);
      for (let round = 0; round < 2; round++) {
        for (const feed of order) {
          await poll(feed);
          const month = shown('ai_billing_cost_month_to_date_usd');
          assert.ok(month.length === 0 || month[0] === 3, `month to date is ${month} after ${feed}`);
          pass(1000);
        }
        assert.deepEqual(shown('ai_billing_cost_month_to_date_usd'), [3]);
        assert.deepEqual(shown('ai_billing_cost_today_usd'), [-2]);
        assert.deepEqual(shown('ai_billing_cost_corrections_usd_total'), [0]);
        assert.deepEqual(shown('ai_billing_top_ups'), []);
        assert.deepEqual(new Set(drift), new Set(['SKU custom-thing']));
      }
    });

    it(`agree on a top-up of a SKU that nobody knows, read as ${order.join(', ')}`, async () => {
      const { poll, shown, drift } = account([{ ...REFUND, sku: 'ledger-entry-2026' }]);
      for (let round = 0; round < 2; round++) {
        for (const feed of order) await poll(feed);
        assert.deepEqual(
          shown('ai_billing_top_ups_usd_total'),
          [0],
          'it was bought before the first reading',
        );
        assert.deepEqual(shown('ai_billing_top_ups_corrections_usd_total'), [0]);
        for (const family of ['ai_billing_cost_usd_total', 'ai_billing_cost_month_to_date_usd'])
          assert.deepEqual(new Set(shown(family)), new Set([0]), `${family}: nothing was spent`);
        assert.ok(drift.includes('positive amount of ledger-entry-2026'));
      }
    });
  }

  it('do not wait endlessly for a day that cannot be read', async () => {
    const { poll, shown, broken } = account([CHARGE, REFUND]);
    broken.add(utc('2026-11-05'));
    await poll('usage');
    assert.deepEqual(shown('ai_billing_cost_today_usd'), []);
    await assert.rejects(poll('usage_history'), { reason: 'contract' });
    assert.deepEqual(shown('ai_billing_cost_today_usd'), [-2]);
    await assert.rejects(poll('usage_history'), { reason: 'contract' });
    await poll('usage');
    assert.deepEqual(shown('ai_billing_cost_today_usd'), [-2]);
    assert.deepEqual(shown('ai_billing_top_ups'), []);
  });

  it('do not wait for days that end the poll again and again', async () => {
    const { poll, shown, broken } = account([CHARGE, REFUND]);
    for (let day = 1; day <= 20; day++) broken.add(utc(`2026-11-${String(day).padStart(2, '0')}`));
    await assert.rejects(poll('usage_history'), { reason: 'contract' });
    assert.deepEqual(shown('ai_billing_cost_today_usd'), [], 'the day was put off, and not come to again');
    await assert.rejects(poll('usage_history'), { reason: 'contract' });
    assert.deepEqual(shown('ai_billing_cost_today_usd'), [-2]);
  });

  it('refund what was charged long before, at once', async () => {
    const entries: Entry[] = [CHARGE];
    const { poll, shown, drift, pass } = account(entries);
    for (const feed of ORDERS[0]) await poll(feed);
    pass(10 * MINUTE);
    entries.push({ ...REFUND, at: NOW + 5 * MINUTE });
    await poll('usage');
    assert.deepEqual(shown('ai_billing_cost_today_usd'), [-2]);
    assert.deepEqual(shown('ai_billing_top_ups'), []);
    assert.deepEqual(new Set(drift), new Set(['SKU custom-thing']));
  });

  for (const order of ORDERS) {
    it(`show the newest price, whichever feed read it last, as ${order.join(', ')}`, async () => {
      const entries: Entry[] = [{ ...CHARGE, at: NOW - 9 * HOUR, price: 2 }];
      const { poll, shown, pass } = account(entries);
      for (const feed of order) await poll(feed);
      assert.deepEqual(shown('ai_billing_unit_price_usd'), [2]);
      entries.push({ ...CHARGE, at: NOW + 30_000, price: 3 });
      pass(MINUTE);
      await poll('usage');
      assert.deepEqual(shown('ai_billing_unit_price_usd'), [3]);
      entries.pop();
      for (const feed of order.filter((each) => each !== 'usage')) {
        pass(1000);
        await poll(feed);
        assert.deepEqual(shown('ai_billing_unit_price_usd'), [3], `after ${feed}`);
      }
    });
  }
});
