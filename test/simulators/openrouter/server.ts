import { createHash } from 'node:crypto';
import { type Fixed, fromInteger, ONE } from '../../../src/core/values/money.ts';
import {
  DAY,
  type Instant,
  isoDay,
  type Range,
  startOfDay,
  startOfMonth,
} from '../../../src/core/values/time.ts';
import { openBooks } from '../kit/books.ts';
import { keyOf, retryAfter } from '../kit/http.ts';
import type { Reply } from '../kit/reply.ts';
import type { Service, SimulatedCall, Simulator } from '../kit/service.ts';
import { openSimulator } from '../kit/simulator.ts';
import { type SimulatorOptions, worldOf } from '../kit/world.ts';
import { openRouterHistory } from './history.ts';
import { costing, entriesOf, type OpenRouterRow, whole } from './rows.ts';

export interface OpenRouterOptions extends SimulatorOptions {
  /** A key for inference, which may read neither activity nor keys. */
  readonly inferenceKey?: string;
  /** How many keys the account has; 3 when absent. */
  readonly apiKeys?: number;
}

/** Completed days that may be asked for. */
const WINDOW_DAYS = 30;
const PAGE_KEYS = 100;

/**
 * `/api/v1/activity`, `/api/v1/credits` and `/api/v1/keys` on loopback. Days of the first contract are plain dates; the current one
 * writes them with a time.
 */
export async function startOpenRouter(options: OpenRouterOptions = {}): Promise<Simulator<OpenRouterRow>> {
  const world = worldOf(options);
  const key = options.key ?? 'demo-openrouter-management';
  const books = openBooks(world.generate ? openRouterHistory(world) : () => []);
  const rowsAt = (now: Instant) => (range: Range) => books.rows(range, books.moment(now));
  const dateOf = (day: string) => (world.contract === 'seed' ? day : `${day} 00:00:00`);

  const service: Service = {
    refuse: (status) => error(status, `Request failed with status ${status}`),
    throttle: (waitSeconds, style, call) => ({
      ...error(429, 'Rate limit exceeded'),
      headers: retryAfter(waitSeconds, style, call.now),
    }),
    answer: (call) => {
      const given = keyOf(call, 'Bearer');
      if (given !== undefined && given === options.inferenceKey)
        return error(403, 'Only management keys can perform this operation');
      if (given !== key) return error(401, 'Missing Authentication header');
      if (call.path === '/api/v1/activity') return activity(call, rowsAt(call.now), dateOf);
      const usedSince = (start: Instant) =>
        rowsAt(call.now)({ start, end: call.now + 1 }).reduce((sum, { usd }) => sum + usd, 0n);
      if (call.path === '/api/v1/credits') {
        const used = usedSince(world.genesis);
        return ok({ total_credits: (used / (1000n * ONE) + 2n) * 1000n * ONE, total_usage: used });
      }
      if (call.path === '/api/v1/keys')
        return keys(call, options.apiKeys ?? 3, usedSince(startOfMonth(call.now)));
      return error(404, 'Resource not found');
    },
  };
  const parts = { world, options, key, books, costing };
  return openSimulator(service, { ...parts, entriesOf: (rows) => rows.flatMap(entriesOf) });
}

function activity(
  { query, now }: SimulatedCall,
  rowsOf: (range: Range) => OpenRouterRow[],
  dateOf: (day: string) => string,
): Reply {
  const today = startOfDay(now);
  const told = Array.from({ length: WINDOW_DAYS }, (_, index) => today - (index + 1) * DAY);
  const date = query.get('date');
  const days = date === null ? told : told.filter((day) => isoDay(day) === date);
  if (days.length === 0) return error(400, 'Date must be within the last 30 (completed) UTC days');
  const answer = ok(
    days.flatMap((start) => {
      const groups = Map.groupBy(rowsOf({ start, end: start + DAY }), ({ model, provider }) =>
        JSON.stringify([model, provider]),
      );
      return [...groups.values()].map((rows) => rowOf(dateOf(isoDay(start)), rows));
    }),
  );
  const [start] = days;
  return date === null || start === undefined ? answer : { ...answer, told: { start, end: start + DAY } };
}

function rowOf(date: string, rows: readonly OpenRouterRow[]): object {
  const { model = '', provider = '' } = rows[0] ?? {};
  const count = (of: (row: OpenRouterRow) => number) => whole(rows.reduce((sum, row) => sum + of(row), 0));
  const dollars = (of: (row: OpenRouterRow) => Fixed) => rows.reduce((sum, row) => sum + of(row), 0n);
  return {
    date,
    model,
    model_permaslug: `${model}-20260801`,
    endpoint_id: hashOf(`${model} ${provider}`),
    provider_name: provider,
    usage: dollars(({ usd }) => usd),
    byok_usage_inference: dollars(({ byokUsd = 0n }) => byokUsd),
    requests: count(({ requests }) => requests),
    prompt_tokens: count(({ prompt }) => prompt),
    completion_tokens: count(({ completion }) => completion),
    reasoning_tokens: count(({ reasoning = 0 }) => reasoning),
  };
}

/** Keys in turn without a limit, and with one of 50 dollars a month; the first has used everything. */
function keys({ query }: SimulatedCall, count: number, usedThisMonth: Fixed): Reply {
  const all = Array.from({ length: count }, (_, index) => {
    const usage = index === 0 ? usedThisMonth : 0n;
    const limit = index % 2 === 0 ? null : 50n * ONE;
    return {
      ...{ hash: hashOf(`key ${index}`), name: `Key ${index}`, label: `sk-or-v1-${index}...` },
      ...{ disabled: false, limit, limit_remaining: limit === null ? null : limit - usage },
      ...{ limit_reset: limit === null ? null : 'monthly', include_byok_in_limit: false },
      ...{ usage, usage_daily: 0n, usage_weekly: usage, usage_monthly: usage },
      ...{ byok_usage: 0n, byok_usage_daily: 0n, byok_usage_weekly: 0n, byok_usage_monthly: 0n },
      ...{ created_at: '2026-08-01T00:00:00Z', updated_at: null },
      expires_at: index === 1 ? '2027-01-01T00:00:00Z' : null,
    };
  });
  const offset = Number(query.get('offset') ?? '0');
  return ok(all.slice(offset, offset + PAGE_KEYS));
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function ok(data: unknown): Reply {
  return { status: 200, body: { data } };
}

function error(status: number, message: string): Reply {
  return { status, body: { error: { code: fromInteger(BigInt(status)), message } } };
}
