import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { coverageOf } from '../../../test/support/ledger/coverage.ts';
import { assertProperty } from '../../../test/support/ledger/property.ts';
import { parseDecimal } from '../../core/values/money.ts';
import { floorTo, HOUR, MINUTE, type Range } from '../../core/values/time.ts';
import { EMPTY_CONTEXT, type FeedContext } from '../api/provider.ts';
import { Decimal } from '../api/schemas.ts';
import { venice } from './index.ts';
import { VeniceConfig } from './usage/ask.ts';
import { historyPages } from './usage/history.ts';
import { planTail } from './usage/plan.ts';
import { usageReader } from './usage/read.ts';
import type { UsageRow } from './usage/rows.ts';
import { HistoryPage } from './usage/schema.ts';
import { readState } from './usage/state.ts';

const START = Date.parse('2026-11-22T11:50:00Z');
const RANGE: Range = { start: START, end: START + 11 * MINUTE };

function contextAt(now: number): FeedContext<VeniceConfig> {
  return {
    ...EMPTY_CONTEXT,
    now,
    config: VeniceConfig.parse({}),
    since: 0,
    coverage: coverageOf([]),
    signal: new AbortController().signal,
  };
}

function readingOf(pages: readonly (readonly UsageRow[])[]) {
  const reader = usageReader({ range: RANGE, context: contextAt(RANGE.end), readsHistory: false });
  pages.forEach((rows, index) => {
    reader.add({ api: 'usage-history', first: index === 0, rows });
  });
  return reader.finish();
}

const row = fc.record({
  at: fc.integer({ min: RANGE.start, max: RANGE.end - 1 }),
  sku: fc.constantFrom('a-llm-input-mtoken', 'a-llm-output-mtoken', 'b-llm-input-mtoken', 'b-image-unit'),
  currency: fc.constantFrom('USD', 'DIEM'),
  amount: fc.bigInt({ min: -(10n ** 15n), max: 0n }),
  units: fc.bigInt({ min: 0n, max: 10n ** 12n }),
  price: fc.constant(undefined),
  requestId: fc.constantFrom('r1', 'r2', 'r3', undefined),
  notes: fc.constantFrom('API Inference', 'Refund', ''),
});
const rowsInOrder = fc.array(row, { maxLength: 60 }).map((rows) => rows.sort((a, b) => a.at - b.at));

/** Sums by cell, straight from the definition. */
function naive(rows: readonly UsageRow[]): Map<string, bigint> {
  const cells = new Map<string, bigint>();
  const add = (key: string, value: bigint) => cells.set(key, (cells.get(key) ?? 0n) + value);
  const requests = new Set<string>();
  for (const [index, { at, sku, currency, amount, units, requestId = `row ${index}` }] of rows.entries()) {
    const minute = floorTo(MINUTE, at);
    const model = sku.slice(0, 1);
    add(`${minute} ${model} cost ${currency}`, -amount);
    if (sku.endsWith('image-unit')) add(`${minute} ${model} units ${sku}`, units);
    else add(`${minute} ${model} tokens ${sku.slice(6, -7)}`, units * 1_000_000n);
    requests.add(`${minute} ${model} ${requestId}`);
  }
  for (const key of requests) add(`${key.split(' ').slice(0, 2).join(' ')} requests `, parseDecimal('1'));
  return new Map([...cells].filter(([, value]) => value !== 0n).sort());
}

describe('readings of the ledger', () => {
  it('equal the sums by definition, however the rows fall on pages', () => {
    const split = fc.tuple(rowsInOrder, fc.array(fc.nat(60), { maxLength: 4 }));
    assertProperty(
      fc.property(split, ([rows, cuts]) => {
        const bounds = [0, ...cuts.sort((a, b) => a - b), rows.length];
        const pages = bounds.slice(1).map((end, index) => rows.slice(bounds[index], end));
        const charges = readingOf(pages).statement?.charges ?? [];
        const cells = charges.map(
          ({ at, model, measure, detail, value }) => [`${at} ${model} ${measure} ${detail}`, value] as const,
        );
        assert.equal(new Set(cells.map(([key]) => key)).size, cells.length, 'one charge a cell');
        assert.deepEqual(new Map([...cells].sort()), naive(rows));
      }),
    );
  });
});

describe('the door', () => {
  const wire = {
    amount: -1,
    currency: 'USD',
    inferenceDetails: null,
    notes: '',
    pricePerUnitUsd: 1,
    sku: 's',
    timestamp: '2026-11-22T11:51:00Z',
    units: 1,
  };

  it('takes amounts as the shared schema of exact amounts does', () => {
    const amount = fc.oneof(
      fc.double(),
      fc.double().map(String),
      fc.string(),
      fc.constant(null),
      fc.constant('-12345.678901234567'),
      fc.constantFrom(1e-7, 0.1, -0),
    );
    assertProperty(
      fc.property(amount, (value) => {
        const expected = Decimal.safeParse(value);
        const found = HistoryPage.safeParse({ data: [{ ...wire, amount: value }], nextCursor: null });
        assert.equal(found.success, expected.success);
        assert.equal(found.data?.data[0]?.amount, expected.data);
      }),
    );
  });

  it('refuses a row that lacks what the bill is made of', () => {
    for (const field of ['amount', 'currency', 'sku', 'timestamp']) {
      for (const value of [undefined, null, {}]) {
        const page = { data: [wire, { ...wire, [field]: value }], nextCursor: null };
        assert.equal(HistoryPage.safeParse(page).success, false, `${field} ${value}`);
      }
    }
    assert.equal(
      HistoryPage.safeParse({ data: [{ ...wire, currency: '' }], nextCursor: null }).success,
      false,
    );
    assert.equal(HistoryPage.safeParse({ data: null, nextCursor: null }).success, false);
    for (const body of [null, [], 'text', {}]) assert.equal(HistoryPage.safeParse(body).success, false);
  });
});

describe('the walk', () => {
  it('ends if all pages stay empty', async () => {
    let cursors = 0;
    const pages = historyPages(
      async ({ schema }) => ({ body: schema.parse({ data: [], nextCursor: `c${cursors++}` }), headers: {} }),
      RANGE,
    );
    const walked = async () => {
      for await (const page of pages) assert.deepEqual(page.rows, []);
    };
    await assert.rejects(walked, { reason: 'contract' });
  });
});

describe('the tail', () => {
  it('holds the open minute, on the full minute too', () => {
    for (const now of [START, START + 1, START + MINUTE - 1]) {
      const [range] = planTail(contextAt(now));
      assert.deepEqual(range, { start: START - 10 * MINUTE, end: START + MINUTE });
    }
  });

  it('never reaches before since', () => {
    const context = { ...contextAt(START), since: START - 3 * MINUTE };
    assert.deepEqual(planTail(context), [{ start: START - 3 * MINUTE, end: START + MINUTE }]);
  });

  it('overlaps what was read last, up to six hours back', () => {
    const readTo = (end: number) => coverageOf([{ start: 0, end, asOf: end }]);
    const startFor = (end: number) => planTail({ ...contextAt(START), coverage: readTo(end) })[0]?.start;
    assert.equal(startFor(START - HOUR), START - HOUR - 10 * MINUTE);
    assert.equal(startFor(START - 7 * HOUR), START - 10 * MINUTE);
    assert.equal(startFor(START + MINUTE), START - 10 * MINUTE);
  });
});

describe('rate limits', () => {
  const now = START;
  it('reset at a time in seconds', () => {
    const headers = { 'x-ratelimit-remaining-requests': '42', 'x-ratelimit-reset-requests': '1783555200' };
    assert.deepEqual(venice.rateLimit(headers, now), { remaining: 42, resetAt: 1_783_555_200_000 });
  });
  it('of the retired endpoint reset at a time in milliseconds', () => {
    const headers = { 'x-ratelimit-remaining': '0', 'x-ratelimit-resets': '1783555200000' };
    assert.deepEqual(venice.rateLimit(headers, now), { remaining: 0, resetAt: 1_783_555_200_000 });
  });
  it('are understood in any unit', () => {
    const resetAt = 1_783_555_200_000;
    for (const name of ['x-ratelimit-reset-requests', 'x-ratelimit-resets'])
      for (const reset of ['1783555200', '1783555200000', '60'])
        assert.deepEqual(venice.rateLimit({ [name]: reset }, resetAt - 60_000), { resetAt });
  });
  it('that are absent or no numbers say nothing', () => {
    assert.deepEqual(venice.rateLimit({ 'x-ratelimit-remaining': 'many' }, now), {});
  });
});

describe('the account', () => {
  it('asks for JSON with its key', () => {
    const headers = venice.headers(VeniceConfig.parse({}), 'k');
    assert.deepEqual(headers, { authorization: 'Bearer k', accept: 'application/json' });
  });
  it('refuses configuration keys it does not know', () => {
    assert.deepEqual(VeniceConfig.parse({}), { ledgerApi: 'auto' });
    assert.throws(() => VeniceConfig.parse({ ledgerAPI: 'usage' }));
    assert.throws(() => VeniceConfig.parse({ ledgerApi: 'csv' }));
  });
});

describe('a state', () => {
  it('that cannot be read is forgotten', () => {
    const empty = { putOff: [], prices: {}, refunds: {} };
    for (const state of [undefined, '', '{', '[]', '{"putOff":3}', 'null'])
      assert.deepEqual(readState(state), empty);
  });
  it('never holds a price that is no number', () => {
    assert.deepEqual(readState('{"prices":{"s":[1,"dear"]}}').prices, {});
  });
});
