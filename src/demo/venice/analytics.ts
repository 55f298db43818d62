import { type Fixed, ONE, parseDecimal } from '../../core/money.ts';
import { DAY, HOUR, type Instant, isoDay, MINUTE, type Range, startOfDay } from '../../core/time.ts';
import type { Books } from '../books.ts';
import type { Call, Reply } from '../service.ts';
import type { World } from '../world.ts';
import { PIECES, TOKEN_MODELS } from './catalogue.ts';
import { invalid } from './replies.ts';
import { modelOf, tokenTypeOf, type VeniceRow } from './rows.ts';

const CACHED_MS = 10 * MINUTE;

/** `GET /billing/usage-analytics`: sums of debits, positive, ten minutes old at most. */
export function analyticsOf(books: Books<VeniceRow>): (call: Call) => Reply {
  const cache = new Map<string, { readonly until: Instant; readonly reply: Reply }>();
  return (call) => {
    const period = periodOf(call);
    if ('status' in period) return period;
    const cached = cache.get(period.lookback);
    if (cached && call.now < cached.until) return cached.reply;
    const debits = books.rows(period.range, books.moment(call.now)).filter((row) => row.amount < 0n);
    const reply = { status: 200, body: bodyOf(period.lookback, period.range, debits) };
    cache.set(period.lookback, { until: call.now + CACHED_MS, reply });
    return reply;
  };
}

function periodOf({ query, now }: Call): { lookback: string; range: Range } | Reply {
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
  const models = grouped(rows, modelOf);
  const keys = grouped(rows, (row) => row.apiKey?.description ?? 'Web App');
  const dates = Array.from(
    { length: (range.end - range.start) / DAY },
    (_, index) => range.start + index * DAY,
  );
  const daily = (nameOf: (row: VeniceRow) => string) =>
    dates.map((date) => ({ date, ...Object.fromEntries(totals(days.get(date) ?? [], nameOf)) }));
  return {
    lookback,
    byDate: dates.map((date) => {
      const { usd, diem } = sumsOf(days.get(date) ?? []);
      return { date: isoDay(date), USD: usd, DIEM: diem };
    }),
    byModel: models.map(([model, own]) => modelEntry(model, own)),
    byModelDaily: daily((row) => displayName(modelOf(row))),
    topModels: models.slice(0, 50).map(([model]) => displayName(model)),
    byKey: keys.map(([description, own]) => {
      const { usd, diem, units } = sumsOf(own);
      const apiKeyId = own[0]?.apiKey?.id ?? null;
      return { apiKeyId, description, totalUsd: usd, totalDiem: diem, totalUnits: units };
    }),
    byKeyDaily: daily((row) => row.apiKey?.description ?? 'Web App'),
    topKeyNames: keys.slice(0, 50).map(([description]) => description),
  };
}

/** Groups with the highest spend first. */
function grouped(rows: readonly VeniceRow[], nameOf: (row: VeniceRow) => string): [string, VeniceRow[]][] {
  const spend = (own: readonly VeniceRow[]) => own.reduce((sum, row) => sum - row.amount, 0n);
  return [...Map.groupBy(rows, nameOf)].sort((a, b) => (spend(b[1]) > spend(a[1]) ? 1 : -1));
}

/** Dollars and DIEM together, by display name. */
function totals(rows: readonly VeniceRow[], nameOf: (row: VeniceRow) => string): [string, Fixed][] {
  return grouped(rows, nameOf).map(([name, own]) => {
    const { usd, diem } = sumsOf(own);
    return [name, usd + diem];
  });
}

const TYPES = { input: 'Input', output: 'Output', cached_input: 'Cache Read', cache_write: 'Cache Write' };

function modelEntry(model: string, rows: readonly VeniceRow[]): object {
  const { usd, diem, units } = sumsOf(rows);
  const piece = PIECES.find((kind) => kind.model === model);
  const breakdown = Object.entries(TYPES).flatMap(([token, type]) => {
    const own = rows.filter((row) => tokenTypeOf(row.sku) === token);
    const sums = sumsOf(own);
    return own.length === 0 ? [] : [{ type, usd: sums.usd, diem: sums.diem, units: sums.units }];
  });
  return {
    modelName: displayName(model),
    unitType: piece?.type ?? 'tokens',
    modelType: piece ? piece.modelType : 'LLM',
    totalUsd: usd,
    totalDiem: diem,
    totalUnits: units,
    ...(breakdown.length > 1 && { breakdown }),
  };
}

function displayName(model: string): string {
  const known = TOKEN_MODELS.find(({ id }) => id === model) ?? PIECES.find((kind) => kind.model === model);
  return known?.name ?? model;
}

const ALLOCATION = parseDecimal('100');
const OPENING = parseDecimal('400');

/** `GET /billing/balance`: what was bought less what was charged; the DIEM allowance comes anew each UTC day. */
export function balanceOf(books: Books<VeniceRow>, world: World): (call: Call) => Reply {
  const settled = new Map<string, Fixed>();
  const netOf = (day: Instant, now: Instant) => {
    const moment = books.moment(now);
    const key = `${moment.version} ${day}`;
    const net = settled.get(key) ?? paid(books.rows({ start: day, end: day + DAY }, moment), 'USD');
    if (day + DAY + 6 * HOUR < now) settled.set(key, net);
    return net;
  };
  return ({ now }) => {
    const today = startOfDay(now);
    let usd = OPENING;
    for (let day = startOfDay(world.genesis); day <= today; day += DAY) usd += netOf(day, now);
    const spent = paid(books.rows({ start: today, end: now + 1 }, books.moment(now)), 'DIEM');
    const diem = ALLOCATION + spent;
    const body = {
      canConsume: usd + diem >= ONE / 10n,
      consumptionCurrency: diem > 0n ? 'DIEM' : 'USD',
      balances: { diem, usd: usd > 0n ? usd : null },
      diemEpochAllocation: ALLOCATION,
    };
    return { status: 200, body };
  };
}

function paid(rows: readonly VeniceRow[], currency: string): Fixed {
  return rows.filter((row) => row.currency === currency).reduce((sum, row) => sum + row.amount, 0n);
}
