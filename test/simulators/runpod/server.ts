import { type Fixed, fromInteger } from '../../../src/core/values/money.ts';
import {
  bucketsIn,
  ceilTo,
  DAY,
  floorTo,
  HOUR,
  type Instant,
  MINUTE,
  type Range,
  SECOND,
} from '../../../src/core/values/time.ts';
import { openBooks } from '../kit/books.ts';
import { instantOf, keyOf, meter, retryAfter } from '../kit/http.ts';
import type { Reply } from '../kit/reply.ts';
import type { Service, SimulatedCall, Simulator } from '../kit/service.ts';
import { openSimulator } from '../kit/simulator.ts';
import { type SimulatorOptions, worldOf } from '../kit/world.ts';
import { runPodHistory } from './history.ts';
import { costing, entriesOf, type RunPodProduct, type RunPodRow, TIERS, totalOf } from './rows.ts';

export interface RunPodOptions extends SimulatorOptions {
  /** A key that may not read billing. */
  readonly restrictedKey?: string;
}

const FIELDS: Readonly<Record<RunPodProduct, { readonly id: string; readonly parts: readonly string[] }>> = {
  pods: { id: 'podId', parts: ['gpu', 'cpu', 'disk'] },
  serverless: { id: 'serverlessId', parts: ['gpu', 'cpu', 'disk', 'fee'] },
  endpoints: { id: '', parts: [] },
  'network-volumes': { id: 'networkVolumeId', parts: ['standard', 'high_performance'] },
  clusters: { id: 'clusterId', parts: ['gpu', 'disk', 'networking'] },
};
const SIZES: Readonly<Record<string, number>> = { hour: HOUR, day: DAY };
const PER_MINUTE = 180;

/**
 * `/v2/billing/<product>` on loopback. The first contract has the headers of an earlier draft of `RateLimit`; the current one those
 * of the newest.
 */
export async function startRunPod(options: RunPodOptions = {}): Promise<Simulator<RunPodRow>> {
  const world = worldOf(options);
  const key = options.key ?? 'demo-runpod';
  const books = openBooks(world.generate ? runPodHistory(world) : () => []);
  const rate = meter(PER_MINUTE, MINUTE);

  const service: Service = {
    refuse: (status) => problem(status, `request failed with status ${status}`),
    throttle: (waitSeconds, style, call) => ({
      ...problem(429, 'rate limit exceeded for the minute window'),
      headers: retryAfter(waitSeconds, style, call.now),
    }),
    answer: (call) => {
      const given = keyOf(call, 'Bearer');
      if (given !== undefined && given === options.restrictedKey) return problem(403, 'access denied');
      if (given !== key) return problem(401, 'missing bearer token');
      const { remaining, resetAt, exhausted } = rate.count(call.now);
      const seconds = Math.ceil((resetAt - call.now) / SECOND);
      if (exhausted) return service.throttle(seconds, 'seconds', call);
      const headers = rateLimitHeaders(remaining, seconds, world.contract === 'seed');
      return { ...billing(call, (range) => books.rows(range, books.moment(call.now))), headers };
    },
  };
  const parts = { world, options, key, books, costing };
  return openSimulator(service, { ...parts, entriesOf: (rows) => rows.flatMap(entriesOf) });
}

function rateLimitHeaders(remaining: number, seconds: number, isEarlier: boolean): Record<string, string> {
  if (isEarlier) return { ratelimit: `limit=${PER_MINUTE}, remaining=${remaining}, reset=${seconds}` };
  return {
    ratelimit: `"minute";r=${remaining};t=${seconds}, "hour";r=${remaining + 5000};t=1812`,
    'ratelimit-policy': `"minute";q=${PER_MINUTE};w=60, "hour";q=10000;w=3600`,
  };
}

function billing({ path, query, now }: SimulatedCall, rowsOf: (range: Range) => RunPodRow[]): Reply {
  const product = /^\/v2\/billing\/([a-z-]+)$/.exec(path)?.[1];
  if (!isProduct(product)) return problem(404, 'not found');
  const bucketSize = query.get('bucketSize') ?? 'day';
  const sizeMs = SIZES[bucketSize];
  const start = timeIn(query, 'startTime', now - 30 * DAY);
  const end = timeIn(query, 'endTime', now);
  if (sizeMs === undefined || start === undefined || end === undefined || start >= end)
    return problem(422, 'validation failed');
  const range = { start: floorTo(sizeMs, start), end: ceilTo(sizeMs, end) };
  const own = rowsOf(range).filter((row) => row.product === product);
  const buckets = Map.groupBy(own, ({ at, id }) => JSON.stringify([floorTo(sizeMs, at), id]));
  const records = [...buckets.values()].map((rows) => recordOf(product, rows, sizeMs));
  const { id: idField } = FIELDS[product];
  return {
    status: 200,
    body: {
      records,
      metadata: {
        query: { ...written(range), bucketSize },
        recordCount: fromInteger(BigInt(records.length)),
        ...(idField !== '' && {
          [`unique${idField[0]?.toUpperCase()}${idField.slice(1, -2)}Count`]: fromInteger(
            BigInt(new Set(own.map(({ id }) => id)).size),
          ),
        }),
        totals: amountsOf(product, own),
      },
    },
  };
}

function isProduct(name: string | undefined): name is RunPodProduct {
  return name !== undefined && Object.hasOwn(TIERS, name);
}

function timeIn(query: URLSearchParams, name: string, fallback: Instant): Instant | undefined {
  const text = query.get(name);
  return text === null ? fallback : instantOf(text);
}

function recordOf(product: RunPodProduct, rows: readonly RunPodRow[], sizeMs: number): object {
  const { at = 0, id = '' } = rows[0] ?? {};
  const [start = 0] = bucketsIn(sizeMs, { start: floorTo(sizeMs, at), end: at + 1 });
  const { id: idField } = FIELDS[product];
  return {
    ...written({ start, end: start + sizeMs }),
    ...(idField !== '' && { [idField]: id }),
    ...amountsOf(product, rows),
  };
}

function amountsOf(product: RunPodProduct, rows: readonly RunPodRow[]): Record<string, Fixed> {
  const sumOf = (of: (row: RunPodRow) => Fixed) => rows.reduce((sum, row) => sum + of(row), 0n);
  const parts = FIELDS[product].parts.map((part): [string, Fixed] => {
    const camel = part.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
    return [`${camel}Amount`, sumOf(({ usd }) => usd[part] ?? 0n)];
  });
  return { totalAmount: sumOf(totalOf), ...Object.fromEntries(parts) };
}

function written({ start, end }: Range): object {
  const [startTime, endTime] = [start, end].map((at) => new Date(at).toISOString().replace('.000Z', 'Z'));
  return { startTime, endTime };
}

const TITLES: Readonly<Record<number, string>> = {
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  422: 'Unprocessable Entity',
  429: 'Too Many Requests',
};

function problem(status: number, detail: string): Reply {
  const body = { title: TITLES[status] ?? 'Error', status: fromInteger(BigInt(status)), detail };
  return { status, type: 'application/problem+json', body };
}
