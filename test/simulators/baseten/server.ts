import { DAY, type Instant, type Range, startOfDay } from '../../../src/core/values/time.ts';
import { openBooks } from '../kit/books.ts';
import { instantOf, keyOf, meter, retryAfter } from '../kit/http.ts';
import type { Reply } from '../kit/reply.ts';
import type { Service, SimulatedCall, Simulator } from '../kit/service.ts';
import { openSimulator } from '../kit/simulator.ts';
import { type SimulatorOptions, worldOf } from '../kit/world.ts';
import { modelsBody, pricesBody, teamsBody } from './catalogue.ts';
import { basetenHistory } from './history.ts';
import { type ModelApiStyle, modelApisOf, SOURCE_PATHS } from './model-apis.ts';
import {
  type BasetenRow,
  costing,
  entriesOf,
  type RowCategory,
  type SimulatedSource,
  SOURCES,
} from './rows.ts';
import { type Depth, type Silence, type Style, summaryOf } from './summary.ts';

const EARLIEST = Date.UTC(2026, 0, 1);
const LONGEST_MS = 31 * DAY;
/** https://docs.baseten.co/reference/management-api/rate-limits: requests a second and key. */
const PER_SECOND = 100;

export interface BasetenOptions extends SimulatorOptions {
  /** A key without the admin role, answered with 403. */
  readonly memberKey?: string;
  /** A key that may read the bill, and is answered with 403 everywhere else. */
  readonly billOnlyKey?: string;
  /** `daily` when absent. */
  readonly depth?: Depth;
  /** Lists the day before and the day after the range among `daily`, as some answers do. */
  readonly strayDays?: boolean;
  /** How the endpoints about model APIs answer. */
  readonly modelApis?: ModelApiStyle;
}

export interface BasetenSimulator extends Simulator<BasetenRow> {
  /** Empties a category regardless of its rows; undefined restores it. */
  silence(category: RowCategory, as: Silence | undefined): void;
  /** Grants the account the right to read these sources, and no other; all, unless by the seed's contract. */
  permit(sources: readonly SimulatedSource[]): void;
}

const BILL = '/v1/billing/usage_summary';
const LISTS: Readonly<Record<string, (rows: readonly BasetenRow[], createdAt: string) => object>> = {
  '/v1/instance_type_prices': pricesBody,
  '/v1/models': modelsBody,
  '/v1/teams': teamsBody,
};

/** The bill, and the lists of instance prices, models and teams, on loopback. */
export async function startBaseten(options: BasetenOptions = {}): Promise<BasetenSimulator> {
  const world = worldOf(options);
  const key = options.key ?? 'demo-baseten-admin';
  const books = openBooks(world.generate ? basetenHistory(world) : () => []);
  const silent = new Map<RowCategory, Silence>();
  const style = { seed: world.seed, contract: world.contract, depth: options.depth ?? 'daily', silent };
  const isRefused = world.contract === 'seed' || options.billOnlyKey !== undefined;
  const sources = new Set<SimulatedSource>(isRefused ? [] : SOURCES);
  const rate = meter(PER_SECOND, 1000);
  const rowsOf = (range: Range, call: SimulatedCall) => books.rows(range, books.moment(call.now));

  const service: Service = {
    refuse,
    throttle,
    answer: (call) => {
      const refused = unauthorized(call, { ...options, key }, world.contract === 'seed');
      if (refused) return refused;
      if (rate.count(call.now).exhausted) return throttle(1, 'body', call);
      if (call.path === BILL) return billOf(call, (range) => rowsOf(range, call), { ...options, style });
      const source = SOURCE_PATHS[call.path];
      if (source && world.contract === 'current') {
        if (!sources.has(source)) return permissionDenied();
        const rows = (range: Range) => rowsOf(range, call).filter((row) => row.category === 'model_api');
        return modelApisOf(source, call, rows, options.modelApis ?? {});
      }
      const list = LISTS[call.path];
      if (!list) return error(404, 'Not found');
      const recent = { start: call.now - LONGEST_MS, end: call.now + DAY };
      return { status: 200, body: list(rowsOf(recent, call), new Date(world.genesis).toISOString()) };
    },
  };
  const simulator = await openSimulator(service, {
    world,
    options,
    key,
    books,
    costing,
    entriesOf: (rows: BasetenRow[]) => rows.flatMap((row) => entriesOf(row, world.contract, sources)),
  });
  return {
    ...simulator,
    silence: (category, as) => (as ? silent.set(category, as) : silent.delete(category)),
    permit: (granted) => {
      sources.clear();
      for (const source of granted) sources.add(source);
    },
  };
}

function permissionDenied(): Reply {
  const message = 'Costs are not available for this organization.';
  return { status: 403, body: { code: 'PERMISSION_DENIED', message } };
}

function billOf(
  call: SimulatedCall,
  rowsOf: (range: Range) => BasetenRow[],
  { style, strayDays }: { readonly style: Style; readonly strayDays?: boolean },
): Reply {
  const range = rangeOf(call);
  if (typeof range === 'string') return error(400, range);
  const days = wholeDays(range);
  const wide = { start: days.start - DAY, end: days.end + DAY };
  const strays = strayDays ? rowsOf(wide).filter((row) => !holds(days, row.at)) : [];
  return { status: 200, body: summaryOf(rowsOf(days), strays, style) };
}

type ServerKeys = Pick<BasetenOptions, 'key' | 'memberKey' | 'billOnlyKey'>;

function unauthorized(call: SimulatedCall, keys: ServerKeys, legacy: boolean): Reply | undefined {
  // The older description names one scheme only.
  const given = legacy ? keyOf(call, 'Api-Key') : keyOf(call, 'Api-Key', 'Bearer');
  if (given === keys.key) return undefined;
  if (given !== undefined && given === keys.memberKey)
    return error(403, 'You do not have permission to view billing.');
  if (given === undefined || given !== keys.billOnlyKey) return error(401, 'Invalid or missing API key.');
  return call.path === BILL ? undefined : error(403, 'You do not have permission to view this resource.');
}

/** The requested range, or the rejection. */
function rangeOf({ query }: SimulatedCall): Range | string {
  const [start, end] = ['start_date', 'end_date'].map((name) => instantOf(query.get(name) ?? ''));
  if (start === undefined) return 'start_date is required: an ISO 8601 date-time.';
  if (end === undefined) return 'end_date is required: an ISO 8601 date-time.';
  if (start >= end) return 'start_date must be before end_date.';
  if (start < EARLIEST) return 'start_date must not be before 2026-01-01.';
  if (end - start > LONGEST_MS) return 'The date range must not exceed 31 days.';
  return { start, end };
}

/** Usage is kept by day: a day that the range touches is in the answer as a whole. */
function wholeDays(range: Range): Range {
  return { start: startOfDay(range.start), end: startOfDay(range.end - 1) + DAY };
}

function holds(range: Range, at: Instant): boolean {
  return at >= range.start && at < range.end;
}

function refuse(status: number): Reply {
  return error(status, `Request failed with status ${status}.`);
}

function throttle(
  waitSeconds: number,
  style: Parameters<Service['throttle']>[1],
  call: SimulatedCall,
): Reply {
  return {
    status: 429,
    headers: retryAfter(waitSeconds, style, call.now),
    body: {
      error: 'Rate limit exceeded. Please try again later.',
      ...((style === 'body' || style === 'reset') && { retry_after: waitSeconds }),
    },
  };
}

function error(status: number, message: string): Reply {
  return { status, body: { error: message } };
}
