import { formatDecimal } from '../../../src/core/values/money.ts';
import {
  DAY,
  HOUR,
  type Instant,
  isoDay,
  MINUTE,
  type Range,
  startOfDay,
} from '../../../src/core/values/time.ts';
import { limitOf } from '../kit/bucket-report.ts';
import { instantOf } from '../kit/http.ts';
import type { Reply } from '../kit/reply.ts';
import type { SimulatedCall } from '../kit/service.ts';
import { FIRST_DAY, type ModelApiRow, type SimulatedSource } from './rows.ts';

/** The first instant of cost data. */
const COSTS_FROM = Date.UTC(2026, 7, 5, 20, 45);
const MAX_DAYS = 90;
const KEPT_MS = 92 * DAY;

export interface ModelApiStyle {
  /** Buckets of a page, at most. */
  readonly bucketsPerPage?: number;
  /** The costs' cursor comes alone, that of usage with its parameters; true: each like the other. */
  readonly swapsCursors?: boolean;
}

type RowsOf = (range: Range) => readonly ModelApiRow[];

interface SourceReport {
  readonly start: Instant;
  readonly end: Instant;
  readonly sizeMs: number;
  readonly groups: readonly string[];
  readonly limit: number;
}

type Question = SourceReport | string;

export const SOURCE_PATHS: Readonly<Record<string, SimulatedSource>> = {
  '/v1/billing/model_apis': 'model_apis',
  '/v1/model_apis/usage': 'model_api_usage',
};

/** A page of the costs of model APIs by day, or of their usage in buckets. */
export function modelApisOf(
  source: SimulatedSource,
  call: SimulatedCall,
  rowsOf: RowsOf,
  { bucketsPerPage = Number.POSITIVE_INFINITY, swapsCursors = false }: ModelApiStyle,
): Reply {
  const isAlone = (source === 'model_apis') !== swapsCursors;
  const question = questionOf(source, call, isAlone);
  if (typeof question === 'string')
    return { status: 400, body: { code: 'VALIDATION_ERROR', message: question } };
  const { start, end, sizeMs, limit } = question;
  const until = Math.min(start + Math.min(limit, bucketsPerPage) * sizeMs, Math.ceil(end / sizeMs) * sizeMs);
  const items: object[] = [];
  for (let at = start; at < until; at += sizeMs) {
    const bucket = { start: at, end: at + sizeMs };
    items.push(
      source === 'model_apis' ? costsOf(bucket, rowsOf, question) : usageOf(bucket, rowsOf, question, call),
    );
  }
  const rest = { ...question, start: until };
  const hasMore = until < end;
  return {
    status: 200,
    body: { items, pagination: { has_more: hasMore, cursor: hasMore ? cursorOf(rest) : null } },
  };
}

function questionOf(source: SimulatedSource, call: SimulatedCall, isAlone: boolean): Question {
  const { query } = call;
  const cursor = query.get('cursor');
  if (cursor !== null) {
    const isWithOthers = query.size > 1;
    if (isAlone === isWithOthers) return 'cursor: wrong parameters beside it.';
    return JSON.parse(Buffer.from(cursor, 'base64url').toString());
  }
  return source === 'model_apis' ? costsQuestion(query) : usageQuestion(query, call.now);
}

function cursorOf(report: SourceReport): string {
  return Buffer.from(JSON.stringify(report)).toString('base64url');
}

function costsQuestion(query: URLSearchParams): Question {
  const [start, end] = ['start_date', 'end_date'].map((name) => dayOf(query.get(name)));
  if (start === undefined || end === undefined) return 'start_date and end_date: not a date.';
  if (start < startOfDay(COSTS_FROM)) return 'start_date: cannot be before 2026-08-05.';
  if (end <= start) return 'end_date: not after start_date.';
  if (end - start > MAX_DAYS * DAY) return 'The date range cannot exceed 90 days.';
  const limit = limitOf(query.get('limit'), 7, 31);
  if (limit === undefined) return 'limit: from 1 to 31.';
  return { start, end, sizeMs: DAY, limit, groups: query.getAll('group_by') };
}

function dayOf(text: string | null): Instant | undefined {
  return text !== null && /^\d{4}-\d\d-\d\d$/.test(text) ? instantOf(`${text}T00:00:00Z`) : undefined;
}

const WIDTHS = {
  '1m': { sizeMs: MINUTE, fallback: 60, max: 1440 },
  '1h': { sizeMs: HOUR, fallback: 24, max: 168 },
  '1d': { sizeMs: DAY, fallback: 7, max: 31 },
} as const;

function isWidth(text: string): text is keyof typeof WIDTHS {
  return text in WIDTHS;
}

function usageQuestion(query: URLSearchParams, now: Instant): Question {
  const width = query.get('bucket_width') ?? '1d';
  if (!isWidth(width)) return 'bucket_width: 1m, 1h or 1d.';
  const { sizeMs, fallback, max } = WIDTHS[width];
  const start = instantOf(query.get('start_time') ?? '');
  const end = instantOf(query.get('end_time') ?? '') ?? now;
  if (start === undefined) return 'start_time is required: an ISO 8601 date-time.';
  if (end <= start) return 'end_time: not after start_time.';
  const limit = limitOf(query.get('limit'), fallback, max);
  if (limit === undefined) return `limit: from 1 to ${max}.`;
  const groups = query.has('group_by') ? query.getAll('group_by') : ['api_key'];
  return { start: Math.floor(start / sizeMs) * sizeMs, end, sizeMs, limit, groups };
}

function costsOf(bucket: Range, rowsOf: RowsOf, { groups }: SourceReport): object {
  const rows = grouped(rowsOf(bucket), groups, 'api_key_prefix');
  // Of the first day only a part is known.
  const share = bucket.start < FIRST_DAY ? 4n : 1n;
  return {
    date: isoDay(bucket.start),
    results: rows.map(([row, ...others]) => ({
      api_key_prefixes: groups.includes('api_key_prefix') ? (row.keys ?? null) : null,
      user_id: null,
      model: groups.includes('model') ? row.model_name : null,
      service_tier: null,
      subtotal: formatDecimal(others.reduce((sum, { subtotal }) => sum + subtotal, row.subtotal) / share),
    })),
  };
}

function usageOf(bucket: Range, rowsOf: RowsOf, { groups }: SourceReport, { now }: SimulatedCall): object {
  const day = { start: startOfDay(bucket.start), end: startOfDay(bucket.start) + DAY };
  const isKept = bucket.start >= now - KEPT_MS;
  const rows = isKept ? grouped(rowsOf(day), groups, 'api_key') : [];
  return {
    start_time: new Date(bucket.start).toISOString(),
    end_time: new Date(bucket.end).toISOString(),
    results: rows.flatMap((all) => usageRow(all, bucket, groups, now)),
  };
}

type GroupRows = readonly [ModelApiRow, ...ModelApiRow[]];

/** What a group used in a bucket: what it used of a day is spread over the part of it that has passed. */
function usageRow(rows: GroupRows, { start, end }: Range, groups: readonly string[], now: Instant): object[] {
  const [row] = rows;
  const day = startOfDay(start);
  const passed = Math.max(1, Math.min(now - day, DAY));
  const within = (whole: number) => {
    const by = (at: Instant) => Math.floor((whole * Math.min(at - day, passed)) / passed);
    return by(end) - by(start);
  };
  const sum = (of: (row: ModelApiRow) => number) => rows.reduce((total, each) => total + within(of(each)), 0);
  const input_tokens = sum((each) => each.input_tokens);
  const cached_input_tokens = sum((each) => each.cached_input_tokens);
  const figures = {
    input_tokens,
    cached_input_tokens,
    uncached_input_tokens: input_tokens - cached_input_tokens,
    output_tokens: sum((each) => each.output_tokens),
    request_count: sum((each) => each.requests ?? 0),
  };
  if (Object.values(figures).every((value) => value === 0)) return [];
  return [
    {
      // What was used without a key has an empty prefix, and not null.
      ...(groups.includes('api_key') && { api_key_prefix: (row.keys ?? []).join(',') }),
      ...(groups.includes('model') && { model: row.model_name }),
      ...figures,
    },
  ];
}

function grouped(rows: readonly ModelApiRow[], groups: readonly string[], key: string): GroupRows[] {
  const found = Map.groupBy(rows, (row) =>
    JSON.stringify([groups.includes(key) && row.keys, groups.includes('model') && row.model_name]),
  );
  return [...found.values()].flatMap(([first, ...others]): GroupRows[] =>
    first ? [[first, ...others]] : [],
  );
}
