import type { Charge, TokenType } from '../../../core/statement/statement.ts';
import { type Fixed, fromInteger } from '../../../core/values/money.ts';
import type { Instant } from '../../../core/values/time.ts';
import type { Sku } from './sku.ts';

/** Units of an LLM SKU are millions of tokens. */
const TOKENS_PER_UNIT = 1_000_000n;

/** There are five. */
const MAX_CURRENCIES = 100;

/** An amount in one currency, as the currency is written. */
export interface CurrencyAmount {
  readonly currency: string;
  amount: Fixed;
}

/** What one SKU came to in one minute. */
export interface SkuSums {
  readonly sku: Sku;
  readonly requests: Requests;
  units: Fixed;
  /** Spend is positive. */
  readonly costs: CurrencyAmount[];
  /** Of the newest charge, in US dollars per unit. */
  price: Fixed | undefined;
  pricedAt: Instant;
}

/** Requests of one model in one minute: one request is several rows, one for each kind of token. */
interface Requests {
  readonly model: string;
  readonly ids: Set<string>;
  /** The rows of a request mostly follow each other: a comparison is cheaper than another look into the set. */
  latest: string | undefined;
  /** Rows that name no request are one each. */
  unnamed: number;
}

/** What the rows of one minute come to. */
export interface MinuteSums {
  readonly at: Instant;
  readonly bySku: Map<string, SkuSums>;
  readonly byModel: Map<string, Requests>;
  readonly topUps: CurrencyAmount[];
}

export function emptyMinute(at: Instant): MinuteSums {
  return { at, bySku: new Map(), byModel: new Map(), topUps: [] };
}

/** A SKU and its sums take as much state as so many charges: five thousand of them are as much as a range may keep. */
export const SKU_WEIGHT = 25;

/** What a minute keeps, in charges. */
export function entriesOf({ bySku, byModel }: MinuteSums): number {
  return [...byModel.values()].reduce((sum, { ids }) => sum + ids.size, SKU_WEIGHT * bySku.size);
}

/** Opens the sums of a SKU that is new to the minute. */
export function openSku({ at, bySku, byModel }: MinuteSums, sku: Sku): SkuSums {
  const { name, model } = sku;
  const requests = byModel.get(model) ?? { model, ids: new Set(), latest: undefined, unnamed: 0 };
  const sums: SkuSums = { sku, requests, units: 0n, costs: [], price: undefined, pricedAt: at };
  byModel.set(model, requests);
  bySku.set(name, sums);
  return sums;
}

/** Counts the request that a row names, or the row itself where it names none. */
export function countRequest(requests: Requests, id: string | undefined): void {
  if (id === undefined) requests.unnamed += 1;
  else if (id !== requests.latest) requests.ids.add(id);
  requests.latest = id;
}

/** Adds to the purse of a currency. There are one or two of them: a list is faster than a map. */
export function addTo(purses: CurrencyAmount[], currency: string, amount: Fixed): void {
  for (const purse of purses) {
    if (purse.currency !== currency) continue;
    purse.amount += amount;
    return;
  }
  if (purses.length >= MAX_CURRENCIES) throw new RangeError(`more than ${MAX_CURRENCIES} currencies`);
  purses.push({ currency, amount });
}

/** The charges of a minute, one a cell. */
export function chargesOf({ at, bySku, byModel, topUps }: MinuteSums): Charge[] {
  const cells = new Map<string, Charge>();
  for (const { sku, units, costs } of bySku.values()) {
    for (const { currency, amount } of costs)
      add(cells, money('cost', currency, { at, model: sku.model, value: amount }));
    add(cells, usageOf(sku, at, units));
  }
  for (const requests of byModel.values()) add(cells, requestsOf(requests, at));
  for (const { currency, amount } of topUps)
    add(cells, money('top_ups', currency, { at, model: '', value: amount }));
  return [...cells.values()].filter(({ value }) => value !== 0n);
}

function add(cells: Map<string, Charge>, charge: Charge): void {
  const key = `${charge.measure} ${charge.detail} ${charge.model}`;
  const known = cells.get(key);
  cells.set(key, known ? { ...known, value: known.value + charge.value } : charge);
}

type Figure = Pick<Charge, 'at' | 'model' | 'value'>;

/** Currencies are told apart by their name alone, not by its case. */
function money(measure: 'cost' | 'top_ups', written: string, { at, model, value }: Figure): Charge {
  const currency = written.toUpperCase();
  const charge: Charge = { at, measure, resource: '', model, tier: '', detail: currency, value };
  return currency === 'USD' ? charge : { ...charge, currency };
}

function usageOf({ name, model, tokenType }: Sku, at: Instant, units: Fixed): Charge {
  if (tokenType) return tokens(tokenType, { at, model, value: units * TOKENS_PER_UNIT });
  return { at, measure: 'units', resource: '', model, tier: '', detail: name, value: units };
}

function tokens(detail: TokenType, { at, model, value }: Figure): Charge {
  return { at, measure: 'tokens', resource: '', model, tier: '', detail, value };
}

function requestsOf({ model, ids, unnamed }: Requests, at: Instant): Charge {
  const value = fromInteger(BigInt(ids.size + unnamed));
  return { at, measure: 'requests', resource: '', model, tier: '', detail: '', value };
}
