import { DAY, type Instant } from '../../../src/core/values/time.ts';
import type { BillingBooks } from '../kit/books.ts';
import { instantOf } from '../kit/http.ts';
import type { Reply } from '../kit/reply.ts';
import type { SimulatedCall } from '../kit/service.ts';
import { DEPRECATION, type Issues, invalid } from './replies.ts';
import type { VeniceRow } from './rows.ts';
import { csvOf, wireOf } from './wire.ts';

const CURRENCIES = ['USD', 'VCU', 'DIEM', 'BUNDLED_CREDITS'];
const WARNING =
  'This endpoint is deprecated and will be removed in a future release. Use GET /api/v1/billing/usage-history instead, which provides the same data with keyset pagination.';

interface Query {
  readonly start: Instant;
  /** Inclusive. */
  readonly end: Instant;
  readonly currency: string | undefined;
  readonly limit: number;
  readonly page: number;
  readonly descending: boolean;
}

/** `GET /billing/usage`, now retired: pages by offset, so that they shift while rows are recorded. */
export function usageLegacy(
  call: SimulatedCall,
  books: BillingBooks<VeniceRow>,
  genesis: Instant,
  deprecated: boolean,
): Reply {
  const query = queryOf(call, genesis);
  if ('status' in query) return query;
  const rows = books
    .rows({ start: query.start, end: query.end + 1 }, books.moment(call.now))
    .filter((row) => query.currency === undefined || row.currency === query.currency);
  if (query.descending) rows.reverse();
  const from = (query.page - 1) * query.limit;
  const page = rows.slice(from, from + query.limit);
  const pagination = {
    limit: query.limit,
    page: query.page,
    total: rows.length,
    totalPages: Math.ceil(rows.length / query.limit),
  };
  const headers = { ...headersOf(pagination), ...(deprecated && DEPRECATION) };
  if ((call.headers.accept ?? '').includes('text/csv')) {
    const disposition = { 'content-disposition': 'attachment; filename=billing_usage.csv' };
    return {
      status: 200,
      type: 'text/csv; charset=utf-8',
      headers: { ...headers, ...disposition },
      body: csvOf(page),
    };
  }
  return {
    status: 200,
    headers,
    body: { ...(deprecated && { warningMessage: WARNING }), data: page.map(wireOf), pagination },
  };
}

function headersOf(pagination: {
  limit: number;
  page: number;
  total: number;
  totalPages: number;
}): Record<string, string> {
  return {
    'x-pagination-limit': String(pagination.limit),
    'x-pagination-page': String(pagination.page),
    'x-pagination-total': String(pagination.total),
    'x-pagination-total-pages': String(pagination.totalPages),
  };
}

function queryOf({ query, now }: SimulatedCall, genesis: Instant): Query | Reply {
  const issues: Issues = {};
  const start = dateOf(query, 'startDate', issues) ?? genesis;
  const end = dateOf(query, 'endDate', issues) ?? now + DAY;
  const limit = Number(query.get('limit') ?? 200);
  if (!Number.isInteger(limit) || limit <= 0 || limit > 500)
    issues.limit = 'Must be an integer from 1 to 500';
  const page = Number(query.get('page') ?? 1);
  if (!Number.isInteger(page) || page <= 0) issues.page = 'Must be a positive integer';
  const order = query.get('sortOrder') ?? 'desc';
  if (order !== 'asc' && order !== 'desc') issues.sortOrder = 'Must be asc or desc';
  const currency = query.get('currency') ?? undefined;
  if (currency !== undefined && !CURRENCIES.includes(currency)) issues.currency = 'Invalid currency';
  if (Object.keys(issues).length > 0) return invalid(issues);
  return { start, end, currency, limit, page, descending: order === 'desc' };
}

/** Days without a time were taken too. */
function dateOf(query: URLSearchParams, name: string, issues: Issues): Instant | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  const at = instantOf(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text);
  if (at === undefined) issues[name] = 'Must be an ISO 8601 date';
  return at;
}
