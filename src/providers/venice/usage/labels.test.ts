import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coverageOf } from '../../../../test/support/ledger/coverage.ts';
import { type Bench, openBench, settings, statement, utc } from '../../../../test/support/ledger/ledger.ts';
import type { Charge } from '../../../core/statement/statement.ts';
import { ONE } from '../../../core/values/money.ts';
import { HOUR, MINUTE, type Range } from '../../../core/values/time.ts';
import { EMPTY_CONTEXT } from '../../api/provider.ts';
import { VeniceConfig } from './ask.ts';
import { usageReader } from './read.ts';
import type { UsageRow } from './rows.ts';

const SKUS = [
  'wan-2.5-preview-text-to-video-duration-resolution-rate-10s-720p-audio',
  'wan-2.5-preview-image-to-video-duration-resolution-rate-5s-480p',
  'minimax-music-v2-fixed',
];

function rowAt(at: number, sku: string): UsageRow {
  const charge = { amount: -ONE, units: ONE, price: ONE, currency: 'USD' };
  return { at, sku, ...charge, requestId: undefined, notes: 'Video Inference' };
}

/** What the reader makes of a row an hour for each SKU. */
function chargesOf(range: Range): Charge[] {
  const context = {
    ...EMPTY_CONTEXT,
    now: range.end,
    config: VeniceConfig.parse({}),
    since: 0,
    coverage: coverageOf([]),
    signal: new AbortController().signal,
  };
  const reader = usageReader({ range, context, readsHistory: false });
  const rows: UsageRow[] = [];
  for (let at = range.start; at < range.end; at += HOUR) rows.push(...SKUS.map((sku) => rowAt(at, sku)));
  reader.add({ api: 'usage-history', first: true, rows });
  return [...(reader.finish().statement?.charges ?? [])];
}

/** The same as an earlier release wrote them: a SKU it did not understand was the model. */
function oldLinesOf(range: Range): Charge[] {
  const each = SKUS.flatMap((sku) => {
    const charge = (at: number): Charge => ({
      ...{ at, measure: 'cost', resource: '', model: sku, tier: '' },
      ...{ detail: 'USD', value: ONE },
    });
    return Array.from({ length: (range.end - range.start) / HOUR }, (_, hour) =>
      charge(range.start + hour * HOUR),
    );
  });
  return each;
}

function sumOf(values: Map<string, number>, name: string, model?: string): number {
  const own = [...values].filter(([key]) => {
    const [family, , , , modelOfKey] = key.split('|');
    return family === name && (model === undefined || modelOfKey === model);
  });
  return own.reduce((sum, [, value]) => sum + value, 0);
}

/** What all label sets of cost were charged since the baseline. What is exposed of a new one lags by its zero. */
function netOf({ state }: Bench): bigint {
  const rows = [...state.series.values()].filter(({ measure }) => measure === 'cost');
  return rows.reduce((sum, { total, corrections }) => sum + total - corrections, 0n);
}

test('a ledger that holds whole SKUs as models keeps its totals when their rows are read with the model', () => {
  const bench = openBench(settings({ granularities: ['minute'] }, { since: utc('2026-11-20') }));
  const [start, middle, end] = [utc('2026-11-20'), utc('2026-11-20T06:00'), utc('2026-11-20T10:00')];
  bench.apply(statement('minute', { start, end: middle }, middle, oldLinesOf({ start, end: middle })));
  bench.apply(statement('minute', { start: middle, end }, end, oldLinesOf({ start: middle, end })));
  const now = end + 10 * MINUTE;
  const before = bench.values(now);
  assert.equal(sumOf(before, 'ai_billing_cost_today_usd'), 30);
  assert.equal(netOf(bench), 12n * ONE);

  const range = { start, end };
  bench.apply(statement('minute', range, now, chargesOf(range)), now);
  bench.reopen();
  const after = bench.values(now);
  for (const window of ['today', 'month_to_date'])
    assert.equal(sumOf(after, `ai_billing_cost_${window}_usd`), 30, window);
  assert.equal(netOf(bench), 12n * ONE);
  assert.equal(sumOf(after, 'ai_billing_cost_today_usd', 'wan-2.5-preview'), 20);
  assert.equal(sumOf(after, 'ai_billing_cost_today_usd', 'minimax-music-v2'), 10);
  for (const sku of SKUS) assert.equal(sumOf(after, 'ai_billing_cost_today_usd', sku), 0, sku);
  bench.ledger.close();
});
