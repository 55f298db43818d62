import type { Instant, Range } from '../../../core/values/time.ts';
import { PollError } from '../../api/errors.ts';
import type { Ask } from '../../api/request.ts';
import type { UsageRow } from './rows.ts';
import { type UsageApiPage, UsagePage } from './schema.ts';

const PATH = '/billing/usage';
const PAGE_SIZE = '500';
const WALKS = 3;

/**
 * Walks the page numbers of the retired `GET /billing/usage`, oldest row first.
 *
 * A row that arrives late moves all later rows by one place, so that the next page would repeat one row and hide the new one. The
 * end is therefore fixed at `now`, and a walk counts only if the total stayed the same from its first page until after its last,
 * as many rows came as it says, and no page repeats a row of the one before. Else it is walked again.
 *
 * @throws {PollError} `contract` when the rows move in three walks.
 */
export async function* legacyPages(ask: Ask, range: Range, now: Instant): AsyncGenerator<UsageApiPage> {
  const asked = { start: range.start, end: Math.min(range.end, now) };
  for (let walks = 0; walks < WALKS; walks++) {
    if (yield* walk(ask, asked)) return;
  }
  throw new PollError(
    'contract',
    `${PATH}: the rows did not stay as they were while they were paged, ${WALKS} times`,
  );
}

/** Returns whether the pages fit together. */
async function* walk(ask: Ask, asked: Range): AsyncGenerator<UsageApiPage, boolean> {
  let received = 0;
  let expected: number | undefined;
  let before: readonly UsageRow[] = [];
  for (let number = 1; ; number++) {
    const { data: rows, pagination } = await pageOf(ask, asked, { page: String(number), limit: PAGE_SIZE });
    const { total } = pagination;
    expected ??= total;
    received += rows.length;
    if (total !== expected || received > total || repeats(before, rows)) return false;
    yield { api: 'usage', first: number === 1, rows };
    if (received === total) return number === 1 || (await totalOf(ask, asked)) === total;
    if (rows.length === 0) return false;
    before = rows;
  }
}

/** The total may have been counted before the rows were fetched: only a later one vouches for the last page. */
async function totalOf(ask: Ask, asked: Range): Promise<number> {
  return (await pageOf(ask, asked, { page: '1', limit: '1' })).pagination.total;
}

async function pageOf(ask: Ask, { start, end }: Range, paging: { page: string; limit: string }) {
  const query = {
    startDate: new Date(start).toISOString(),
    endDate: new Date(end).toISOString(),
    ...paging,
    sortOrder: 'asc',
  };
  return (await ask({ path: PATH, query, schema: UsagePage })).body;
}

/** Rows have no id. Two of one request may be alike in most of these, but not in all. */
function keyOf(row: UsageRow): string | undefined {
  return row.requestId && [row.requestId, row.sku, row.at, row.currency, row.amount, row.units].join(' ');
}

function repeats(before: readonly UsageRow[], rows: readonly UsageRow[]): boolean {
  const known = new Set(before.map(keyOf));
  return rows.map(keyOf).some((key) => key !== undefined && known.has(key));
}
