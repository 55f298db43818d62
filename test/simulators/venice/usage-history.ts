import { DAY, type Instant, startOfDay } from '../../../src/core/values/time.ts';
import type { BillingBooks } from '../kit/books.ts';
import { instantOf } from '../kit/http.ts';
import { roll } from '../kit/random.ts';
import type { Reply } from '../kit/reply.ts';
import type { SimulatedCall } from '../kit/service.ts';
import { type CursorState, type Filters, sealed, unsealed } from './cursor.ts';
import { type Issues, invalid } from './replies.ts';
import type { VeniceRow } from './rows.ts';
import { csvOf, wireOf } from './wire.ts';

/** Before the first row there can be: the endpoint's predecessor went public then. */
const EARLIEST = Date.UTC(2025, 3, 29);
const CURRENCIES = ['USD', 'DIEM', 'BUNDLED_CREDITS'];
const FILTERS = ['startTimestamp', 'endTimestamp', 'currency', 'pageSize'];

export interface HistoryOptions {
  readonly books: BillingBooks<VeniceRow>;
  readonly seed: number;
  /** What seals a cursor: differs by user. */
  readonly secret: string;
  readonly cursorTtlMs: number;
  readonly emptyPages: 'never' | 'sometimes' | 'always';
}

/** `GET /billing/usage-history`: a walk over the ledger, oldest first, along cursors. */
export function usageHistory(call: SimulatedCall, options: HistoryOptions): Reply {
  const walk = walkOf(call, options);
  if ('status' in walk) return walk;
  const { rows, next } = pageOf(walk, options);
  const repeated = call.fault?.kind === 'repeat_cursor';
  const following = repeated ? walk : next;
  const cursor = following && sealed(following, options.secret);
  if (!(call.headers.accept ?? '').includes('text/csv')) {
    return { status: 200, body: { data: rows.map(wireOf), nextCursor: cursor ?? null } };
  }
  const stamp = new Date(call.now).toISOString().replace(/[-:.]/g, '');
  return {
    status: 200,
    type: 'text/csv; charset=utf-8',
    headers: {
      'content-disposition': `attachment; filename=billing-usage-history-${stamp}.csv`,
      ...(cursor && { 'x-next-cursor': cursor }),
    },
    body: csvOf(rows),
  };
}

function walkOf(call: SimulatedCall, options: HistoryOptions): CursorState | Reply {
  const cursor = call.query.get('cursor');
  if (cursor === null) {
    const filters = filtersOf(call.query);
    if ('status' in filters) return filters;
    const at = filters.start ?? EARLIEST;
    return { filters, moment: options.books.moment(call.now), at, skip: 0, paused: false };
  }
  if ([...call.query.keys()].length > 1) {
    return invalid({ cursor: 'A cursor carries its filters and must be sent alone' });
  }
  if (!/^[A-Za-z0-9_-]{1,512}$/.test(cursor)) return invalid({ cursor: 'Invalid cursor' });
  const walk = unsealed(cursor, options.secret, call.now, options.cursorTtlMs);
  return walk ?? invalid({}, 'Invalid or expired cursor; restart from the first page');
}

function filtersOf(query: URLSearchParams): Filters | Reply {
  const issues: Issues = {};
  for (const name of query.keys()) {
    if (!FILTERS.includes(name)) issues[name] = 'Unrecognized parameter';
    else if (query.getAll(name).length > 1) issues[name] = 'Expected a single value';
  }
  const start = boundOf(query, 'startTimestamp', issues);
  const end = boundOf(query, 'endTimestamp', issues);
  if (start !== undefined && end !== undefined && end <= start) {
    issues.endTimestamp = 'Must be later than startTimestamp';
  }
  const currency = query.get('currency') ?? undefined;
  if (currency !== undefined && !CURRENCIES.includes(currency)) issues.currency = 'Invalid currency';
  const size = query.get('pageSize') ?? '1000';
  const pageSize = /^\d+$/.test(size) ? Number(size) : 0;
  if (pageSize < 10 || pageSize > 1000) issues.pageSize = 'Must be an integer from 10 to 1000';
  if (Object.keys(issues).length > 0) return invalid(issues);
  return {
    pageSize,
    ...(start !== undefined && { start }),
    ...(end !== undefined && { end }),
    ...(currency && { currency }),
  };
}

function boundOf(query: URLSearchParams, name: string, issues: Issues): Instant | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  const at = text.length <= 40 && text.endsWith('Z') ? instantOf(text) : undefined;
  if (at === undefined) issues[name] = 'Must be an ISO 8601 UTC timestamp with a Z suffix';
  return at;
}

/** The rows of a page, and where the next one begins if any row is left. */
function pageOf(
  walk: CursorState,
  options: HistoryOptions,
): { rows: VeniceRow[]; next: CursorState | undefined } {
  if (!walk.paused && walk.at > EARLIEST && pauses(walk, options))
    return { rows: [], next: { ...walk, paused: true } };
  const { pageSize } = walk.filters;
  const found = rowsFrom(walk, options.books, pageSize + 1);
  const rows = found.slice(0, pageSize);
  const last = rows.at(-1);
  if (found.length <= pageSize || !last) return { rows, next: undefined };
  const given = rows.filter((row) => row.at === last.at).length;
  const skip = last.at === walk.at ? walk.skip + given : given;
  return { rows, next: { ...walk, at: last.at, skip, paused: false } };
}

/** Occasionally a page is empty although more follow. */
function pauses(walk: CursorState, { emptyPages, seed }: HistoryOptions): boolean {
  if (emptyPages !== 'sometimes') return emptyPages === 'always';
  return roll(seed, 60, Math.floor(walk.at / 1000), walk.skip) < 0.1;
}

function rowsFrom(walk: CursorState, books: BillingBooks<VeniceRow>, count: number): VeniceRow[] {
  const { currency, end = walk.moment.now + DAY } = walk.filters;
  const found: VeniceRow[] = [];
  let skip = walk.skip;
  for (let day = startOfDay(walk.at); day < end && found.length < count; day += DAY) {
    const range = { start: Math.max(day, walk.at), end: Math.min(day + DAY, end) };
    const rows = books
      .rows(range, walk.moment)
      .filter((row) => currency === undefined || row.currency === currency);
    found.push(...rows.slice(skip));
    skip = 0;
  }
  return found.slice(0, count);
}
