import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cost, openBench, settings, statement, utc } from '../../../test/support/ledger/ledger.ts';
import { fromNumber } from '../values/money.ts';
import { HOUR } from '../values/time.ts';
import type { Observation } from './statement.ts';

const NOON = utc('2026-11-20T12:00');
const LABELS = { resource: '', model: 'm', tier: '', sku: 's' };
const price = (value: number, more: Partial<Observation> = {}): Observation => ({
  metric: 'unitPrice',
  labels: LABELS,
  value: fromNumber(value),
  ...more,
});

/** What is shown after a restart, where one feed succeeded an hour before the other. */
function shown(earlier: readonly Observation[], later: readonly Observation[], now = NOON + HOUR) {
  const bench = openBench(settings());
  const poll = { reconciliation: undefined, state: undefined, notes: undefined };
  const { account } = bench;
  bench.ledger.recordPoll({ account, feed: 'earlier' }, { ...poll, at: NOON, observations: earlier });
  bench.ledger.recordPoll({ account, feed: 'later' }, { ...poll, at: NOON + HOUR, observations: later });
  bench.reopen();
  return bench.value('ai_billing_unit_price_usd', '', now);
}

test('observations: of two dated ones the newer is shown, whichever was polled later', () => {
  assert.equal(shown([price(3, { at: NOON })], [price(2, { at: NOON - HOUR })]), 3);
  assert.equal(shown([price(3, { at: NOON - HOUR })], [price(2, { at: NOON })]), 2);
});

test('observations: of two undated or equally dated ones the later poll is shown', () => {
  assert.equal(shown([price(3)], [price(2)]), 2);
  assert.equal(shown([price(3, { at: NOON })], [price(2, { at: NOON })]), 2);
});

test('observations: an expired one gives way to one that still applies', () => {
  const over = price(3, { at: NOON, until: NOON + HOUR });
  assert.equal(shown([over], [price(2, { at: NOON - HOUR })], NOON + HOUR - 1), 3);
  assert.equal(shown([over], [price(2, { at: NOON - HOUR })]), 2);
});

function pricesOf(name: string): Observation[] {
  return Array.from({ length: 20 }, (_, index) =>
    price(1, { labels: { ...LABELS, sku: `${name} ${index}` } }),
  );
}

test('observations: one thing that several feeds report counts as one series', () => {
  const foldedBeside = (second: readonly Observation[]) => {
    const bench = openBench(settings({}, { maxSeries: 150 }));
    const { account, ledger } = bench;
    const poll = { at: NOON, reconciliation: undefined, state: undefined, notes: undefined };
    ledger.recordPoll({ account, feed: 'one' }, { ...poll, observations: pricesOf('s') });
    ledger.recordPoll({ account, feed: 'two' }, { ...poll, observations: second });
    const lines = Array.from({ length: 30 }, (_, index) => cost(NOON, `r${index}`, 1));
    bench.apply(statement('hour', { start: NOON, end: NOON + HOUR }, NOON + HOUR, lines));
    return bench.values(NOON + HOUR).get('ai_billing_series_folded_total|test|prod');
  };
  assert.equal(foldedBeside(pricesOf('s')), foldedBeside([]));
  assert.ok((foldedBeside(pricesOf('other')) ?? 0) > (foldedBeside([]) ?? 0));
});
