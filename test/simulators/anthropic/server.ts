import { type Fixed, formatDecimal, fromInteger } from '../../../src/core/values/money.ts';
import { DAY, HOUR, type Range } from '../../../src/core/values/time.ts';
import { openBooks } from '../kit/books.ts';
import { limitOf, reportPage } from '../kit/bucket-report.ts';
import { instantOf, meter, retryAfter } from '../kit/http.ts';
import { namedPage } from '../kit/named-list.ts';
import type { Reply } from '../kit/reply.ts';
import type { Service, SimulatedCall, Simulator } from '../kit/service.ts';
import { openSimulator } from '../kit/simulator.ts';
import { type SimulatorOptions, worldOf } from '../kit/world.ts';
import { anthropicHistory, WORKSPACE_NAMES } from './history.ts';
import {
  type AnthropicCost,
  type AnthropicRow,
  type AnthropicUse,
  centsOf,
  costing,
  entriesOf,
  isCost,
} from './rows.ts';

export interface AnthropicOptions extends SimulatorOptions {
  /** The key of a workspace, which is no admin key. */
  readonly workspaceKey?: string;
  /** Buckets that a page has at most, whatever was asked for. */
  readonly bucketsPerPage?: number;
}

const COSTS = '/v1/organizations/cost_report';
const USAGE = '/v1/organizations/usage_report/messages';
const WORKSPACES = '/v1/organizations/workspaces';
const VERSION = '2023-06-01';
/** https://platform.claude.com/docs/en/api/admin/usage_report: buckets of a page. */
const LIMITS = {
  '1d': { sizeMs: DAY, fallback: 7, max: 31 },
  '1h': { sizeMs: HOUR, fallback: 24, max: 168 },
};
/** Measured, and not documented. */
const PER_HOUR = 90;

/** `/v1/organizations/cost_report`, `.../usage_report/messages` and `.../workspaces` on loopback. */
export async function startAnthropic(options: AnthropicOptions = {}): Promise<Simulator<AnthropicRow>> {
  const world = worldOf(options);
  const key = options.key ?? 'demo-anthropic-admin';
  const books = openBooks(world.generate ? anthropicHistory(world) : () => []);
  const rate = meter(options.perHour ?? PER_HOUR, HOUR);
  const rowsAt = (call: SimulatedCall) => (range: Range) => books.rows(range, books.moment(call.now));

  const service: Service = {
    refuse: (status) => error(status, `Request failed with status ${status}.`),
    throttle: (waitSeconds, style, call) => ({
      ...error(429, 'Number of requests has exceeded your rate limit.'),
      headers: retryAfter(waitSeconds, style, call.now),
    }),
    answer: (call) => {
      const refused = refusalOf(call, key, options);
      if (refused) return refused;
      const { exhausted, resetAt } = rate.count(call.now);
      if (exhausted) return service.throttle(Math.ceil((resetAt - call.now) / 1000), 'seconds', call);
      if (call.path === COSTS)
        return report(call, '1d', options, (range) => costsOf(rowsAt(call)(range), call));
      if (call.path === USAGE)
        return report(call, '1h', options, (range) => usageOf(rowsAt(call)(range), call));
      if (call.path === WORKSPACES) return workspaces(call);
      return error(404, 'Not found');
    },
  };
  const parts = { world, options, key, books, costing };
  return openSimulator(service, { ...parts, entriesOf: (rows) => rows.flatMap(entriesOf) });
}

/** Names of the workspaces that the history bills, one of which is archived: all but the default one. */
function workspaces({ query }: SimulatedCall): Reply {
  const all = Object.entries(WORKSPACE_NAMES).map(([id, name], index) => ({
    ...{ id, type: 'workspace', name, created_at: '2024-10-30T23:58:27.427722Z', display_color: '#6C5BB9' },
    archived_at: index === 1 ? '2026-11-01T23:59:27.427722Z' : null,
  }));
  const listed =
    query.get('include_archived') === 'true' ? all : all.filter((one) => one.archived_at === null);
  const page = namedPage(query, listed, { cursor: 'after_id', max: 1000 });
  return page ? { status: 200, body: page } : error(400, 'limit: must be between 1 and 1000');
}

function refusalOf(
  { headers }: SimulatedCall,
  key: string,
  { workspaceKey }: AnthropicOptions,
): Reply | undefined {
  const given = headers['x-api-key'];
  if (given !== undefined && given === workspaceKey)
    return error(403, 'This endpoint requires an Admin API key.');
  if (given !== key) return error(401, 'invalid x-api-key');
  return headers['anthropic-version'] === VERSION
    ? undefined
    : error(400, 'anthropic-version: header is required');
}

function report(
  { query }: SimulatedCall,
  width: keyof typeof LIMITS,
  { bucketsPerPage = Number.POSITIVE_INFINITY }: AnthropicOptions,
  resultsOf: (range: Range) => object[],
): Reply {
  const { sizeMs, fallback, max } = LIMITS[width];
  const limit = limitOf(query.get('limit'), fallback, max);
  const [start, end] = ['starting_at', 'ending_at'].map((name) => instantOf(query.get(name) ?? ''));
  if (limit === undefined) return error(400, `limit: must be between 1 and ${max}`);
  if (start === undefined || end === undefined)
    return error(400, 'starting_at: must be an RFC 3339 timestamp');
  if (query.get('bucket_width') !== width) return error(400, `bucket_width: must be ${width}`);
  // Only buckets that end by then are listed.
  const range = { start, end: Math.floor(end / sizeMs) * sizeMs };
  if (range.start >= range.end)
    return error(400, 'Invalid date range: ending date must be after starting date');
  const question = { range, sizeMs, limit: Math.min(limit, bucketsPerPage), page: query.get('page') };
  const page = reportPage(question, (bucket) => ({
    starting_at: rfc3339(bucket.start),
    ending_at: rfc3339(bucket.end),
    results: resultsOf(bucket),
  }));
  if (!page) return error(400, 'page: is not a token');
  return { status: 200, body: { data: page.buckets, has_more: page.next !== null, next_page: page.next } };
}

function rfc3339(at: number): string {
  return new Date(at).toISOString().replace('.000Z', 'Z');
}

/** One result for each group that is asked for; fields of the others are null. */
function grouped<Row>(
  rows: readonly Row[],
  { query }: SimulatedCall,
  fieldsOf: (row: Row) => Readonly<Record<string, Readonly<Record<string, string | null>>>>,
): { own: readonly Row[]; labels: object }[] {
  const names = query.getAll('group_by[]');
  const labelsOf = (row: Row) =>
    Object.assign(
      {},
      ...Object.entries(fieldsOf(row)).map(([group, fields]) =>
        names.includes(group)
          ? fields
          : Object.fromEntries(Object.keys(fields).map((field) => [field, null])),
      ),
    );
  const groups = Map.groupBy(rows, (row) => JSON.stringify(labelsOf(row)));
  return [...groups].map(([labels, own]) => ({ own, labels: JSON.parse(labels) }));
}

function costsOf(rows: readonly AnthropicRow[], call: SimulatedCall): object[] {
  const fieldsOf = (row: AnthropicCost) => ({
    workspace_id: { workspace_id: row.workspace },
    description: {
      description: row.description,
      cost_type: row.costType,
      model: row.model,
      service_tier: row.tier,
      token_type: row.tokenType,
      context_window: row.costType === 'tokens' ? '0-200k' : null,
    },
  });
  return grouped(rows.filter(isCost), call, fieldsOf).map(({ own, labels }) => ({
    amount: formatDecimal(own.reduce((sum, row) => sum + centsOf(row), 0n)),
    currency: 'USD',
    ...labels,
    inference_geo: null,
  }));
}

function usageOf(rows: readonly AnthropicRow[], call: SimulatedCall): object[] {
  const uses = rows.filter((row): row is AnthropicUse => row.kind === 'use');
  const fieldsOf = (row: AnthropicUse) => ({
    workspace_id: { workspace_id: row.workspace },
    model: { model: row.model },
    service_tier: { service_tier: row.tier },
  });
  return grouped(uses, call, fieldsOf).map(({ own, labels }) => ({
    uncached_input_tokens: total(own, (row) => row.uncached),
    cache_creation: {
      ephemeral_5m_input_tokens: total(own, (row) => row.written5m),
      ephemeral_1h_input_tokens: total(own, (row) => row.written1h),
    },
    cache_read_input_tokens: total(own, (row) => row.cacheRead),
    output_tokens: total(own, (row) => row.output),
    server_tool_use: { web_search_requests: 0n },
    ...labels,
    ...{ api_key_id: null, context_window: null, inference_geo: null },
  }));
}

function total(rows: readonly AnthropicUse[], countOf: (row: AnthropicUse) => number): Fixed {
  return fromInteger(rows.reduce((sum, row) => sum + BigInt(countOf(row)), 0n));
}

const TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  429: 'rate_limit_error',
};

function error(status: number, message: string): Reply {
  const body = {
    type: 'error',
    error: { type: TYPES[status] ?? 'api_error', message },
    request_id: 'req_demo',
  };
  return { status, body };
}
