import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { z } from 'zod';
import { ONE, parseDecimal } from '../../../src/core/values/money.ts';
import { DAY, HOUR, MINUTE } from '../../../src/core/values/time.ts';
import { Amount, ask, NOON, sum } from '../../support/providers/simulated.ts';
import { row } from '../../support/providers/venice.ts';
import type { Simulator } from '../kit/service.ts';
import { fakeClockAt } from '../kit/world.ts';
import type { VeniceRow } from './rows.ts';
import { startVenice, type VeniceOptions } from './server.ts';

// The description of 2026-08-21, without anything it does not name.
const nullableCount = z.int().min(0).nullable();
const Row = z.strictObject({
  amount: Amount,
  currency: z.enum(['USD', 'DIEM', 'BUNDLED_CREDITS']),
  inferenceDetails: z
    .strictObject({
      completionTokens: nullableCount,
      inferenceExecutionTime: nullableCount,
      promptTokens: nullableCount,
      requestId: z.string(),
    })
    .nullable(),
  notes: z.string(),
  pricePerUnitUsd: z.number(),
  sku: z.string(),
  timestamp: z.iso.datetime().max(40),
  units: z.number(),
});
const Page = z.strictObject({
  data: z.array(Row).max(1000),
  nextCursor: z
    .string()
    .max(512)
    .regex(/^[A-Za-z0-9_-]+$/)
    .nullable(),
});
type Page = z.infer<typeof Page>;

const PATH = '/api/v1/billing/usage-history';
const TODAY = Date.UTC(2026, 10, 22);
const RANGE = { start: TODAY - DAY, end: TODAY };
const WINDOW = 'startTimestamp=2026-11-21T00:00:00Z&endTimestamp=2026-11-22T00:00:00Z';

let simulator: Simulator<VeniceRow> | undefined;
afterEach(() => simulator?.close());

async function start(options: VeniceOptions = {}): Promise<Simulator<VeniceRow>> {
  simulator = await startVenice({ clock: fakeClockAt(NOON), genesis: TODAY - 8 * DAY, ...options });
  return simulator;
}

async function walk(
  venice: Simulator<VeniceRow>,
  query: string,
  onPage?: (number: number) => void,
): Promise<Page[]> {
  const pages: Page[] = [];
  for (let next: string | null = query; next !== null; ) {
    const page: Page = Page.parse((await ask(venice, `${PATH}?${next}`)).body);
    pages.push(page);
    onPage?.(pages.length);
    next = page.nextCursor && `cursor=${page.nextCursor}`;
  }
  return pages;
}

function costOf(rows: Page['data']) {
  return -sum(rows.filter(({ sku }) => sku !== 'credit-purchase').map(({ amount }) => amount));
}

test('usage history: pagination returns every row once, oldest first, with empty pages between, and exact totals', async () => {
  const venice = await start();
  for (const pageSize of [10, 137, 1000]) {
    const pages = await walk(venice, `${WINDOW}&pageSize=${pageSize}`);
    const rows = pages.flatMap(({ data }) => data);
    assert.ok(rows.length > 500);
    assert.ok(pages.every(({ data }) => data.length <= pageSize));
    if (pageSize === 10) assert.ok(pages.slice(0, -1).some(({ data }) => data.length === 0));
    assert.deepEqual(
      rows.map(({ timestamp }) => timestamp),
      rows.map(({ timestamp }) => timestamp).sort(),
    );
    assert.equal(costOf(rows), venice.truth(RANGE).total('cost'));
  }
  const diem = (await walk(venice, `${WINDOW}&currency=DIEM`)).flatMap(({ data }) => data);
  assert.equal(costOf(diem), venice.truth(RANGE).total('cost', { detail: 'DIEM' }));
});

test('usage history: tokens and requests match the rows', async () => {
  const venice = await start();
  const rows = (await walk(venice, WINDOW)).flatMap(({ data }) => data);
  const output = rows.filter(({ sku, amount }) => sku.endsWith('-llm-output-mtoken') && amount < 0n);
  const tokens = output.map(({ inferenceDetails }) => BigInt(inferenceDetails?.completionTokens ?? 0) * ONE);
  const truth = venice.truth(RANGE);
  assert.equal(truth.total('tokens', { detail: 'output' }), sum(tokens));
  const ids = new Set(rows.flatMap(({ inferenceDetails }) => inferenceDetails?.requestId ?? []));
  const pieces = rows.filter(
    ({ inferenceDetails, amount }) => inferenceDetails === null && amount < 0n,
  ).length;
  assert.equal(truth.total('requests'), BigInt(ids.size + pieces) * ONE);
  const images = rows.filter(({ sku }) => sku === 'venice-sd35-image-unit');
  const units = images.reduce((total, row) => total + row.units, 0);
  assert.equal(truth.total('units', { detail: 'venice-sd35-image-unit' }), BigInt(units) * ONE);
});

test('usage history: has several rows per request, several currencies, refunds and purchases', async () => {
  const venice = await start({ genesis: TODAY - 20 * DAY });
  const rows = (await walk(venice, 'startTimestamp=2026-11-12T00:00:00Z')).flatMap(({ data }) => data);
  const requests = Map.groupBy(rows, ({ inferenceDetails }) => inferenceDetails?.requestId);
  assert.ok([...requests].some(([id, own]) => id !== undefined && own.length >= 3));
  assert.deepEqual(new Set(rows.map(({ currency }) => currency)).size, 3);
  assert.ok(rows.some(({ amount, sku }) => amount > 0n && sku.includes('-llm-')));
  assert.ok(rows.some(({ amount, sku }) => amount > 0n && sku === 'credit-purchase'));
  assert.ok(rows.some(({ sku }) => sku.endsWith('-llm-cache-write-5m-mtoken')));
});

test('usage history: rejects invalid parameters', async () => {
  const venice = await start();
  const refused = [
    'page=1',
    'pageSize=9',
    'pageSize=1001',
    'pageSize=ten',
    'currency=VCU',
    'startTimestamp=2026-11-01',
    'startTimestamp=2026-11-01T00:00:00%2B00:00',
    'startTimestamp=2026-11-02T00:00:00Z&endTimestamp=2026-11-02T00:00:00Z',
    'endTimestamp=2026-11-01T00:00:00Z&startTimestamp=2026-11-02T00:00:00Z',
    'cursor=not*allowed',
    `cursor=${'a'.repeat(513)}`,
    'cursor=AZq3fK9tXhIVDm2j4vN8cQwYt1sB6uEoLxRgPzKaJdHfM5nC7yW0K3w',
  ];
  const Detailed = z.strictObject({
    error: z.string(),
    details: z.object({ _errors: z.array(z.string()) }).loose(),
    issues: z.array(z.unknown()),
  });
  for (const query of refused) {
    const { status, body } = await ask(venice, `${PATH}?${query}`);
    assert.equal(status, 400, query);
    assert.ok(Detailed.safeParse(body).success, query);
  }
});

test('usage history: a cursor excludes other parameters, expires and belongs to one key', async () => {
  const clock = fakeClockAt(NOON);
  const venice = await start({ clock, emptyPages: 'never', cursorTtlMs: MINUTE });
  const first = Page.parse((await ask(venice, `${PATH}?${WINDOW}&pageSize=10`)).body);
  const cursor = `cursor=${first.nextCursor}`;
  const statusOf = async (query: string) => (await ask(venice, `${PATH}?${query}`)).status;
  assert.equal(await statusOf(cursor), 200);
  assert.equal(await statusOf(`${cursor}&pageSize=10`), 400);
  assert.equal(await statusOf(`${cursor.slice(0, -1)}A`), 400);
  const other = await startVenice({ clock, key: 'demo-other' });
  const { status: elsewhere } = await ask(other, `${PATH}?${cursor}`);
  await other.close();
  assert.equal(elsewhere, 400);
  clock.advance(MINUTE + 1);
  const { status, body } = await ask(venice, `${PATH}?${cursor}`);
  assert.equal(status, 400);
  assert.match(JSON.stringify(body), /Invalid or expired cursor; restart from the first page/);
});

const ROW = row(TODAY - DAY, { sku: 'a-llm-input-mtoken', model: 'a' });

test('usage history: pages are stable while rows are booked, and rows of one instant are neither lost nor duplicated', async () => {
  const venice = await start({ generate: false });
  for (let index = 0; index < 35; index += 1) venice.book({ ...ROW, sku: `sku-${index}` });
  const pages = await walk(venice, `${WINDOW}&pageSize=10`, () =>
    venice.book({ ...ROW, at: TODAY - DAY / 2 }),
  );
  const skus = pages.flatMap(({ data }) => data.map(({ sku }) => sku));
  assert.deepEqual(
    skus,
    Array.from({ length: 35 }, (_, index) => `sku-${index}`),
  );
  assert.equal(pages.at(-1)?.nextCursor, null);
  const again = (await walk(venice, WINDOW)).flatMap(({ data }) => data);
  assert.ok(again.length > 35);
});

test('usage history: a full last page is marked as the last', async () => {
  const venice = await start({ generate: false, emptyPages: 'never' });
  for (let index = 0; index < 20; index += 1) venice.book(ROW);
  const pages = await walk(venice, `${WINDOW}&pageSize=10`);
  assert.deepEqual(
    pages.map(({ data }) => data.length),
    [10, 10],
  );
});

test('usage history: a fault repeats the cursor endlessly', async () => {
  const venice = await start({ emptyPages: 'never' });
  venice.fault({ kind: 'repeat_cursor' });
  const first = Page.parse((await ask(venice, `${PATH}?${WINDOW}&pageSize=10`)).body);
  const second = Page.parse((await ask(venice, `${PATH}?cursor=${first.nextCursor}`)).body);
  assert.deepEqual(second, first);
});

test('usage history: returns CSV if accepted', async () => {
  const venice = await start({ emptyPages: 'never' });
  const { text, headers } = await ask(venice, `${PATH}?${WINDOW}&pageSize=10`, { accept: 'text/csv' });
  assert.match(
    headers.get('content-disposition') ?? '',
    /^attachment; filename=billing-usage-history-\d{8}T\d{9}Z\.csv$/,
  );
  assert.match(headers.get('x-next-cursor') ?? '', /^[A-Za-z0-9_-]+$/);
  assert.equal(text.trimEnd().split('\n').length, 11);
});

test('usage history: back-dated rows appear later than their timestamps', async () => {
  const venice = await start();
  const hours = Array.from({ length: 72 }, (_, index) => ({
    start: TODAY - 3 * DAY,
    end: TODAY - index * HOUR,
  }));
  const grown = hours.filter(
    (hour) => venice.truth(hour).total('cost') > venice.truth(hour, hour.end).total('cost'),
  );
  assert.ok(grown.length > 0);
  assert.ok(grown.length < hours.length);
});

test('usage history: amounts keep every digit', async () => {
  const venice = await start({ generate: false });
  venice.book({ ...ROW, amount: parseDecimal('-0.000000000001') });
  venice.book({ ...ROW, amount: parseDecimal('-123.123456789012') });
  const { text } = await ask(venice, `${PATH}?${WINDOW}`);
  assert.match(text, /"amount":-0\.000000000001,/);
  assert.match(text, /"amount":-123\.123456789012,/);
});
