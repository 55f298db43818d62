import { fromInteger } from '../../../src/core/values/money.ts';
import { type Instant, MINUTE, type Range, SECOND } from '../../../src/core/values/time.ts';
import { type BillingBooks, openBooks } from '../kit/books.ts';
import { keyOf, meter } from '../kit/http.ts';
import type { Reply } from '../kit/reply.ts';
import type { Service, SimulatedCall, Simulator } from '../kit/service.ts';
import { openSimulator } from '../kit/simulator.ts';
import { type SimulatorOptions, type World, worldOf } from '../kit/world.ts';
import { type BreakdownStyle, breakdownOf, costOf, WINDOWS, windowOf } from './breakdown.ts';
import { evaluate, type PriceList } from './evaluate.ts';
import { inferenceShHistory } from './history.ts';
import { failure, success, throttled } from './replies.ts';
import { costing, counted, entryOf, type InferenceShRow } from './rows.ts';
import { taskCostOf } from './task-cost.ts';

/** Not published for these endpoints; generous. */
const PER_MINUTE = 1000;
/** $500, recharged by $450 whenever little is left. */
const FULL_MICROCENTS = 500_00000000n;
const RECHARGE_MICROCENTS = 450_00000000n;

const TASK_COST = '/usage/tasks/{id}/cost';

export interface InferenceShOptions extends SimulatorOptions, Partial<Omit<BreakdownStyle, 'seed'>> {
  /** A key without the scope `billing:read`, answered with 403. */
  readonly scopelessKey?: string;
  /** What it charges by the name of a price, in place of what a preview says. */
  readonly prices?: (now: Instant) => PriceList;
}

/**
 * `/usage/breakdown`, `/usage/summary`, `/usage/tasks/{id}/cost`, `/usage/cel/evaluate`, `/billing` and `/billing/balance` on loopback,
 * with or without `/v1` before them.
 */
export async function startInferenceSh(options: InferenceShOptions = {}): Promise<Simulator<InferenceShRow>> {
  const world = worldOf(options);
  const { contract } = world;
  const key = options.key ?? 'demo-inference-sh';
  const books = openBooks(world.generate ? inferenceShHistory(world) : () => []);
  const rate = meter(PER_MINUTE, MINUTE);
  const routes = routesOf(books, world, options);

  const service: Service = {
    previews: /^(\/v1)?\/usage\/cel\/evaluate$/,
    refuse: (status, call) => failure(call, contract, status, `Request failed with status ${status}`),
    throttle: (waitSeconds, style, call) => throttled(call, contract, waitSeconds, style),
    answer: (call) => {
      const given = keyOf(call, 'Bearer');
      if (given === undefined || ![key, options.scopelessKey].includes(given)) {
        return failure(call, contract, 401, 'Invalid or missing API key');
      }
      if (given !== key) return failure(call, contract, 403, 'Missing scope billing:read');
      const { remaining, resetAt, exhausted } = rate.count(call.now);
      if (exhausted) return throttled(call, contract, Math.ceil((resetAt - call.now) / SECOND), 'reset');
      const path = call.path.replace(/^\/v1(?=\/)/, '');
      const [, task] = /^\/usage\/tasks\/([^/]+)\/cost$/.exec(path) ?? [];
      const route = routes[task === undefined ? path : TASK_COST];
      const reply = route?.(call, task) ?? failure(call, contract, 404, 'No such resource');
      const reset = String(Math.ceil(resetAt / SECOND));
      return {
        ...reply,
        headers: { 'x-ratelimit-remaining': String(remaining), 'x-ratelimit-reset': reset },
      };
    },
  };
  const parts = { world, options, key, books, costing };
  return openSimulator(service, { ...parts, entriesOf: (rows) => rows.map(entryOf) });
}

function routesOf(
  books: BillingBooks<InferenceShRow>,
  world: World,
  options: InferenceShOptions,
): Readonly<Record<string, (call: SimulatedCall, task?: string) => Reply | undefined>> {
  const { contract, seed } = world;
  const { window = 'sliding', zeroFilled = false, top = 10, prices = () => ({}) } = options;
  const style: BreakdownStyle = { seed, window, zeroFilled, top };
  const everything = (now: number) => rowsOf(books, { start: 0, end: now + 1 }, now);
  const balance = (now: number) => counted(FULL_MICROCENTS - (costOf(everything(now)) % RECHARGE_MICROCENTS));
  return {
    '/usage/breakdown': (call) => {
      const range = call.query.get('range') ?? '30d';
      if (!isRange(range)) return failure(call, contract, 400, 'range must be one of 1h, 1d, 7d, 30d, 90d');
      const { bucketMs, lengthMs } = WINDOWS[range];
      const period = windowOf(range, call.now, style);
      const before = rowsOf(books, { start: period.start - lengthMs, end: period.start }, call.now);
      return success(
        call,
        contract,
        breakdownOf(period, bucketMs, rowsOf(books, period, call.now), before, style),
      );
    },
    '/usage/summary': (call) => success(call, contract, summaryOf(everything(call.now))),
    '/billing': (call) =>
      success(call, contract, { balance: balance(call.now), currency: 'usd', status: 'active' }),
    '/billing/balance': (call) => success(call, contract, { balance: balance(call.now) }),
    '/usage/cel/evaluate': (call) => {
      if (call.preview === undefined) return failure(call, contract, 405, 'POST only');
      const evaluated = evaluate(call.preview, prices(call.now));
      return evaluated
        ? success(call, contract, evaluated)
        : failure(call, contract, 400, 'pricing cannot be read');
    },
    [TASK_COST]: (call, task) => {
      const row = everything(call.now).find((one) => one.task === task);
      return row && success(call, contract, taskCostOf(row, contract));
    },
  };
}

function isRange(text: string): text is keyof typeof WINDOWS {
  return Object.hasOwn(WINDOWS, text);
}

function rowsOf(books: BillingBooks<InferenceShRow>, range: Range, now: number): InferenceShRow[] {
  return books.rows(range, books.moment(now));
}

/** Seconds of all usage, cut three ways. */
function summaryOf(rows: readonly InferenceShRow[]): object {
  const by = (nameOf: (row: InferenceShRow) => string | undefined) => {
    const sums = new Map<string, bigint>();
    for (const row of rows) {
      const name = nameOf(row);
      if (name !== undefined) sums.set(name, (sums.get(name) ?? 0n) + BigInt(row.seconds ?? 0));
    }
    return Object.fromEntries([...sums].map(([name, seconds]) => [name, fromInteger(seconds)]));
  };
  const total = rows.reduce((sum, row) => sum + BigInt(row.seconds ?? 0), 0n);
  return {
    tier_usage: by((row) => row.tier ?? 'cloud'),
    type_usage: by((row) => row.type ?? 'cpu'),
    model_usage: by((row) => row.model),
    total_usage: fromInteger(total),
  };
}
