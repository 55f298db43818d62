import { type Fixed, fromInteger, ONE, parseDecimal } from '../../../src/core/values/money.ts';
import { DAY, HOUR, type Instant, MINUTE, type Range, startOfDay } from '../../../src/core/values/time.ts';
import { shows } from '../kit/books.ts';
import { MICRO } from '../kit/json.ts';
import { between, pick, roll } from '../kit/random.ts';
import { bornAt, isWatched, loadFactor, type World } from '../kit/world.ts';
import { API_KEYS, FOUNDERS, PIECES, SETTLERS, TOKEN_MODELS, type TokenModel } from './catalogue.ts';
import { charge, PURCHASE, type VeniceRow } from './rows.ts';

const CACHED_DAYS = 3;
/** Requests a minute while somebody watches. */
const LIVE_REQUESTS = 8;
const FOREIGN_EVERY_MS = 2 * MINUTE;

/** The ledger of a range as it shows at `now`; a row in a hundred appears up to three hours late. */
export function veniceHistory(world: World): (range: Range, now: Instant) => VeniceRow[] {
  const days = new Map<Instant, VeniceRow[]>();
  const dayOf = (day: Instant) => {
    const rows = days.get(day) ?? rowsOfDay(world, day);
    days.set(day, rows);
    const oldest = days.keys().next().value;
    if (days.size > CACHED_DAYS && oldest !== undefined) days.delete(oldest);
    return rows;
  };
  return (range, now) => {
    const rows: VeniceRow[] = [];
    const until = Math.min(range.end, now + 1);
    for (let day = Math.max(startOfDay(range.start), world.genesis); day < until; day += DAY) {
      for (const row of dayOf(day)) {
        if (row.at >= range.start && row.at < until && shows(row, now)) rows.push(row);
      }
    }
    return rows;
  };
}

function rowsOfDay(world: World, day: Instant): VeniceRow[] {
  const rows: VeniceRow[] = [];
  for (let minute = day; minute < day + DAY; minute += MINUTE) rows.push(...rowsOfMinute(world, minute));
  return rows.sort((a, b) => a.at - b.at);
}

function rowsOfMinute(world: World, minute: Instant): VeniceRow[] {
  const number = minute / MINUTE;
  const rows: VeniceRow[] = [];
  const live = isWatched(world, minute);
  const expected = live ? LIVE_REQUESTS : 0.3 * loadFactor(minute);
  for (let nth = 0; nth < expected; nth += 1) {
    if (roll(world.seed, 10, number, nth) < expected - nth) rows.push(...request(world, minute, nth));
  }
  if (roll(world.seed, 11, number) < 0.02) rows.push(piece(world, minute, number));
  if (roll(world.seed, 12, number) < (live ? 0.5 : 1 / 480)) rows.push(refund(world, minute, number));
  if (roll(world.seed, 13, number) < 1 / (7 * 1440)) rows.push(purchase(minute, '50'));
  if (live && spendsDollars(minute) && roll(world.seed, 14, number) < 1 / 65)
    rows.push(purchase(minute, '5'));
  return rows;
}

/** Several rows that repeat one request's details: input, output, cache. */
function request(world: World, minute: Instant, nth: number): VeniceRow[] {
  const number = minute / MINUTE;
  const dice = (salt: number) => roll(world.seed, salt, number, nth);
  const at = minute + Math.floor(dice(20) * MINUTE);
  const known = TOKEN_MODELS.filter((_, index) => bornAt(world, index, FOUNDERS, SETTLERS) <= at);
  const model = pick(known, dice(21));
  if (!model) return [];
  const prompt = between(120, 9000, dice(22));
  const cached = model.cacheRead && dice(23) < 0.5 ? Math.floor(prompt / 2) : 0;
  const written = model.cacheWrite && dice(24) < 0.5 ? Math.floor(prompt / 4) : 0;
  const completion = model.output ? between(20, 2500, dice(25)) : null;
  const shared = {
    at,
    currency: currencyOf(at, dice(26)),
    notes: 'API Inference',
    model: model.id,
    apiKey: API_KEYS[Math.floor(dice(27) * API_KEYS.length)] ?? API_KEYS[0],
    ...(dice(28) < 0.01 && { recordedAt: at + Math.floor(dice(29) * 3 * HOUR) }),
    inferenceDetails: {
      completionTokens: completion,
      inferenceExecutionTime: dice(30) < 0.02 ? null : between(300, 9000, dice(31)),
      promptTokens: prompt,
      requestId: `chatcmpl-${number.toString(16).padStart(8, '0')}${Math.floor(dice(32) * 2 ** 32)
        .toString(16)
        .padStart(8, '0')}`,
    },
  };
  return tokenRows(model, { prompt: prompt - cached - written, completion, cached, written }).map((row) => ({
    ...shared,
    ...row,
  }));
}

interface Tokens {
  readonly prompt: number;
  readonly completion: number | null;
  readonly cached: number;
  readonly written: number;
}

function tokenRows(
  model: TokenModel,
  tokens: Tokens,
): Pick<VeniceRow, 'sku' | 'amount' | 'units' | 'pricePerUnitUsd'>[] {
  const kinds = [
    { suffix: 'input', count: tokens.prompt, price: model.input },
    { suffix: 'cache-input', count: tokens.cached, price: model.cacheRead },
    { suffix: 'cache-write-5m', count: tokens.written, price: model.cacheWrite },
    { suffix: 'output', count: tokens.completion ?? 0, price: model.output },
  ];
  return kinds.flatMap(({ suffix, count, price }) =>
    count > 0 && price !== undefined
      ? [{ sku: `${model.id}-llm-${suffix}-mtoken`, ...charge(BigInt(count) * MICRO, price) }]
      : [],
  );
}

/** The staked allowance goes first each UTC day, credits of the plan next, dollars last. */
function currencyOf(at: Instant, rolled: number): string {
  if (!spendsDollars(at)) return rolled < 0.9 ? 'DIEM' : 'BUNDLED_CREDITS';
  return rolled < 0.9 ? 'USD' : 'BUNDLED_CREDITS';
}

/** The allowance of a day lasts until the afternoon. */
function spendsDollars(at: Instant): boolean {
  return at - startOfDay(at) >= 13 * HOUR;
}

function piece(world: World, minute: Instant, number: number): VeniceRow {
  const kind = pick(PIECES, roll(world.seed, 40, number)) ?? PIECES[0];
  const units: Fixed = ONE * BigInt(between(1, 4, roll(world.seed, 41, number)));
  return {
    at: minute + 30_000,
    sku: kind.sku,
    model: kind.model,
    ...charge(units, kind.price),
    currency: 'USD',
    notes: 'API Inference',
    apiKey: API_KEYS[0],
    inferenceDetails: null,
  };
}

function refund(world: World, minute: Instant, number: number): VeniceRow {
  const [model] = TOKEN_MODELS;
  return {
    at: minute + 45_000,
    sku: `${model?.id}-llm-output-mtoken`,
    amount: fromInteger(BigInt(between(5, 90, roll(world.seed, 50, number))), -4),
    units: 0n,
    pricePerUnitUsd: model?.output ?? 0n,
    currency: currencyOf(minute, 0),
    notes: 'Refund',
    inferenceDetails: null,
    ...(model && { model: model.id }),
  };
}

/** A charge every two minutes of two days in a currency that is not documented and has no exchange rate. */
export function foreignCharges(from: Instant): VeniceRow[] {
  const [kind] = PIECES;
  return Array.from({ length: (2 * DAY) / FOREIGN_EVERY_MS }, (_, nth) => ({
    at: from + nth * FOREIGN_EVERY_MS,
    sku: kind.sku,
    model: kind.model,
    ...charge(ONE, kind.price),
    currency: 'EUR',
    notes: 'API Inference',
    inferenceDetails: null,
  }));
}

/** Bought by hand now and then, and a little about as fast as it goes while somebody watches. */
function purchase(minute: Instant, dollars: string): VeniceRow {
  const amount = parseDecimal(dollars);
  return {
    at: minute + 15_000,
    sku: PURCHASE,
    amount,
    units: ONE,
    pricePerUnitUsd: amount,
    currency: 'USD',
    notes: 'Credit purchase',
    inferenceDetails: null,
  };
}
