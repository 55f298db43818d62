import type { Fixed } from '../../../src/core/values/money.ts';
import { DAY, type Instant, isoDay, MINUTE, type Range, startOfDay } from '../../../src/core/values/time.ts';
import type { BillingBooks } from '../kit/books.ts';
import type { Reply } from '../kit/reply.ts';
import type { SimulatedCall } from '../kit/service.ts';
import { PIECES, TOKEN_MODELS } from './catalogue.ts';
import { invalid } from './replies.ts';
import { modelOf, PURCHASE, tokenTypeOf, type VeniceRow } from './rows.ts';

const CACHED_MS = 10 * MINUTE;
/** Models and keys that the charts name; the description says 8. The lists have all. */
const MOST = 50;
const OTHER = 'Other';

/** `GET /billing/usage-analytics`: sums of debits, positive, ten minutes old at most; all keys are one user's. */
export function analyticsOf(books: BillingBooks<VeniceRow>): (call: SimulatedCall) => Reply {
  const cache = new Map<string, { readonly until: Instant; readonly reply: Reply }>();
  return (call) => {
    const period = periodOf(call);
    if ('status' in period) return period;
    const cached = cache.get(period.lookback);
    if (cached && call.now < cached.until) return cached.reply;
    const debits = books.rows(period.range, books.moment(call.now)).filter(isDebit);
    const reply = { status: 200, body: bodyOf(period.lookback, period.range, debits) };
    cache.set(period.lookback, { until: call.now + CACHED_MS, reply });
    return reply;
  };
}

function isDebit({ amount, sku }: VeniceRow): boolean {
  return amount < 0n && sku !== PURCHASE;
}

function periodOf({ query, now }: SimulatedCall): { lookback: string; range: Range } | Reply {
  const [from, to] = [query.get('startDate'), query.get('endDate')];
  // One without the other is ignored.
  if (from !== null && to !== null) {
    const [start, last] = [Date.parse(from), Date.parse(to)];
    const days = (last - start) / DAY + 1;
    if (!/^\d{4}-\d{2}-\d{2}$/.test(from) || !/^\d{4}-\d{2}-\d{2}$/.test(to) || !(days >= 1 && days <= 90)) {
      return invalid({ startDate: 'Must be two days, YYYY-MM-DD, at most 90 days apart' });
    }
    return { lookback: `${from}:${to}`, range: { start, end: last + DAY } };
  }
  const lookback = query.get('lookback') ?? '7d';
  if (!/^[1-9]\d*d$/.test(lookback)) return invalid({ lookback: 'Must be a number of days such as 7d' });
  const days = Math.min(90, Number(lookback.slice(0, -1)));
  const end = startOfDay(now) + DAY;
  return { lookback: `${days}d`, range: { start: end - days * DAY, end } };
}

interface Sums {
  readonly usd: Fixed;
  readonly diem: Fixed;
  readonly units: Fixed;
}

/** `USD` holds what bundled credits paid, but not what earned ones did. */
function sumsOf(rows: readonly VeniceRow[]): Sums {
  const paidWith = (...currencies: string[]) =>
    rows.filter((row) => currencies.includes(row.currency)).reduce((sum, row) => sum - row.amount, 0n);
  const scale = (row: VeniceRow) => (tokenTypeOf(row.sku) ? row.units * 1_000_000n : row.units);
  return {
    usd: paidWith('USD', 'BUNDLED_CREDITS'),
    diem: paidWith('DIEM'),
    units: rows.reduce((sum, row) => sum + scale(row), 0n),
  };
}

function bodyOf(lookback: string, range: Range, rows: readonly VeniceRow[]): object {
  const days = Map.groupBy(rows, (row) => startOfDay(row.at));
  const models = grouped(rows, nameOf);
  const keys = grouped(rows, (row) => JSON.stringify(row.apiKey ?? WEB_APP));
  const dates = Array.from(
    { length: (range.end - range.start) / DAY },
    (_, index) => range.start + index * DAY,
  );
  const daily = (labelOf: (row: VeniceRow) => string) =>
    dates.map((date) => ({ date, ...Object.fromEntries(totals(days.get(date) ?? [], labelOf)) }));
  const byKey = keys.map(([, own]) => keyEntry(own));
  return {
    lookback,
    byDate: dates.map((date) => {
      const { usd, diem } = sumsOf(days.get(date) ?? []);
      return { date: isoDay(date), USD: usd, DIEM: diem };
    }),
    byModel: models.map(([model, own]) => modelEntry(model, own)),
    byModelDaily: daily(nameOf),
    topModels: models.slice(0, MOST).map(([model]) => model),
    byKey,
    byKeyDaily: daily((row) => (row.apiKey ?? WEB_APP).description),
    topKeyNames: byKey.slice(0, MOST).map(({ description }) => description),
  };
}

type Groups = (readonly [name: string, rows: VeniceRow[]])[];

/** Groups with the highest spend first. */
function grouped(rows: readonly VeniceRow[], labelOf: (row: VeniceRow) => string): Groups {
  const spend = (own: readonly VeniceRow[]) => own.reduce((sum, row) => sum - row.amount, 0n);
  return [...Map.groupBy(rows, labelOf)].sort((a, b) => compare(spend(b[1]), spend(a[1])));
}

function compare(a: Fixed, b: Fixed): number {
  return a < b ? -1 : Number(a > b);
}

/** The highest, and all others as one. */
function topOf(groups: Groups): Groups {
  const others = groups.slice(MOST).flatMap(([, rows]) => rows);
  return [...groups.slice(0, MOST), ...(others.length > 0 ? [[OTHER, others] as const] : [])];
}

/** Dollars and DIEM together, by display name. */
function totals(rows: readonly VeniceRow[], labelOf: (row: VeniceRow) => string): [string, Fixed][] {
  return topOf(grouped(rows, labelOf)).map(([name, own]) => {
    const { usd, diem } = sumsOf(own);
    return [name, usd + diem];
  });
}

const WEB_APP = { id: null, description: 'Web App' };

function keyEntry(rows: readonly VeniceRow[]) {
  const { id, description } = rows[0]?.apiKey ?? WEB_APP;
  const { usd, diem, units } = sumsOf(rows);
  return { apiKeyId: id, description, totalUsd: usd, totalDiem: diem, totalUnits: units };
}

const TYPES = { input: 'Input', output: 'Output', cached_input: 'Cache Read', cache_write: 'Cache Write' };

function modelEntry(modelName: string, rows: readonly VeniceRow[]): object {
  const { usd, diem, units } = sumsOf(rows);
  const piece = PIECES.find(({ name }) => name === modelName);
  const breakdown = Object.entries(TYPES).flatMap(([token, type]) => {
    const own = rows.filter((row) => tokenTypeOf(row.sku) === token);
    const sums = sumsOf(own);
    return own.length === 0 ? [] : [{ type, usd: sums.usd, diem: sums.diem, units: sums.units }];
  });
  return {
    modelName,
    unitType: piece?.type ?? 'tokens',
    modelType: piece ? piece.modelType : 'LLM',
    totalUsd: usd,
    totalDiem: diem,
    totalUnits: units,
    ...(breakdown.length > 1 && { breakdown }),
  };
}

/** The display name of a row's model. */
function nameOf(row: VeniceRow): string {
  const model = modelOf(row);
  const known = TOKEN_MODELS.find(({ id }) => id === model) ?? PIECES.find((kind) => kind.model === model);
  return known?.name ?? model;
}
