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

/** A SKU and its sums take as much memory as so many charges: five thousand of them are as much as a range may keep. */
export const SKU_WEIGHT = 25;

/** What the rows of one minute come to. */
export class MinuteSums {
  readonly at: Instant;
  readonly bySku = new Map<string, SkuSums>();
  readonly topUps: CurrencyAmount[] = [];
  readonly #byModel = new Map<string, Requests>();

  constructor(at: Instant) {
    this.at = at;
  }

  /** Opens the sums of a SKU that is new to the minute. */
  open(sku: Sku): SkuSums {
    const { name, model } = sku;
    const requests = this.#byModel.get(model) ?? { model, ids: new Set(), latest: undefined, unnamed: 0 };
    const sums: SkuSums = { sku, requests, units: 0n, costs: [], price: undefined, pricedAt: this.at };
    this.#byModel.set(model, requests);
    this.bySku.set(name, sums);
    return sums;
  }

  /** What the minute keeps, in charges. */
  entries(): number {
    return [...this.#byModel.values()].reduce((sum, { ids }) => sum + ids.size, SKU_WEIGHT * this.bySku.size);
  }

  /** The charges of the minute, one per cell. */
  charges(): Charge[] {
    const all = [
      ...[...this.bySku.values()].flatMap((sums) => [...this.#costs(sums), this.#usage(sums)]),
      ...[...this.#byModel.values()].map((requests) => this.#requests(requests)),
      ...this.topUps.map(({ currency, amount }) => this.#money('top_ups', currency, '', amount)),
    ];
    const cells = new Map<string, Charge>();
    for (const charge of all) {
      const key = `${charge.measure} ${charge.detail} ${charge.model}`;
      const known = cells.get(key);
      cells.set(key, known ? { ...known, value: known.value + charge.value } : charge);
    }
    return [...cells.values()].filter(({ value }) => value !== 0n);
  }

  #costs({ sku, costs }: SkuSums): Charge[] {
    return costs.map(({ currency, amount }) => this.#money('cost', currency, sku.model, amount));
  }

  /** Currencies are told apart by their name alone, not by its case. */
  #money(measure: 'cost' | 'top_ups', written: string, model: string, value: Fixed): Charge {
    const currency = written.toUpperCase();
    const charge = this.#charge(measure, currency, model, value);
    return currency === 'USD' ? charge : { ...charge, currency };
  }

  #usage({ sku: { name, model, tokenType }, units }: SkuSums): Charge {
    return tokenType
      ? this.#charge('tokens', tokenType satisfies TokenType, model, units * TOKENS_PER_UNIT)
      : this.#charge('units', name, model, units);
  }

  #requests({ model, ids, unnamed }: Requests): Charge {
    return this.#charge('requests', '', model, fromInteger(BigInt(ids.size + unnamed)));
  }

  #charge(measure: Charge['measure'], detail: string, model: string, value: Fixed): Charge {
    return { at: this.at, measure, resource: '', model, tier: '', detail, value };
  }
}

/** Counts the request that a row names, or the row itself if it names none. */
export function countRequest(requests: Requests, id: string | undefined): void {
  if (id === undefined) requests.unnamed += 1;
  else if (id !== requests.latest) requests.ids.add(id);
  requests.latest = id;
}

/** Adds to the amount of a currency. There are one or two of them: a list is faster than a map. */
export function addTo(amounts: CurrencyAmount[], currency: string, amount: Fixed): void {
  const known = amounts.find((one) => one.currency === currency);
  if (known) known.amount += amount;
  else if (amounts.length < MAX_CURRENCIES) amounts.push({ currency, amount });
  else throw new RangeError(`more than ${MAX_CURRENCIES} currencies`);
}
