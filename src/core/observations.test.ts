import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FEED, openBench, settings, utc } from '../../test/support/ledger.ts';
import { fromNumber } from './money.ts';
import type { Observation } from './statement.ts';
import { HOUR } from './time.ts';

const NOON = utc('2026-11-20T12:00');
const LABELS = { resource: '', model: 'm', tier: '', sku: 's' };
const price = (value: number, more: Partial<Observation> = {}): Observation => ({
  metric: 'unitPrice',
  labels: LABELS,
  value: fromNumber(value),
  ...more,
});

/** What is shown after a restart, where `usage` succeeded an hour before `history`. */
function shown(usage: readonly Observation[], history: readonly Observation[], now = NOON + HOUR) {
  const bench = openBench(settings());
  const poll = { reconciliation: undefined, memo: undefined };
  const { account } = bench;
  bench.ledger.observe({ account, feed: FEED }, { ...poll, at: NOON, observations: usage });
  bench.ledger.observe({ account, feed: 'history' }, { ...poll, at: NOON + HOUR, observations: history });
  bench.reopen();
  return bench.value('ai_billing_unit_price_usd', '', now);
}

test('of two feeds that say of when they speak, the newer word is shown, and not the later poll', () => {
  assert.equal(shown([price(3, { at: NOON })], [price(2, { at: NOON - HOUR })]), 3);
  assert.equal(shown([price(3, { at: NOON - HOUR })], [price(2, { at: NOON })]), 2);
});

test('of two feeds that do not, and of two that speak of the same instant, the later poll is shown', () => {
  assert.equal(shown([price(3)], [price(2)]), 2);
  assert.equal(shown([price(3, { at: NOON })], [price(2, { at: NOON })]), 2);
});

test('the newest word that no longer holds gives way to one that does', () => {
  const over = price(3, { at: NOON, until: NOON + HOUR });
  assert.equal(shown([over], [price(2, { at: NOON - HOUR })], NOON + HOUR - 1), 3);
  assert.equal(shown([over], [price(2, { at: NOON - HOUR })]), 2);
});
