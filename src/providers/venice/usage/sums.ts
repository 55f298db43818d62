import type { Charge } from '../../../core/statement/statement.ts';
import { type Fixed, fromInteger } from '../../../core/values/money.ts';
import type { Instant } from '../../../core/values/time.ts';
import type { Sku } from './sku.ts';

/** Units of an LLM SKU are millions of tokens. */
const TOKENS_PER_UNIT = 1_000_000n;

/** There are five. */
const MAX_CURRENCIES = 100;

/** Amounts by currency, as the currency is written. */
export type CurrencySums = Map<string, Fixed>;

/** What one SKU came to in one minute. */
export interface SkuSums {
  readonly sku: Sku;
  readonly requests: Requests;
  units: Fixed;
  /** Spend is positive. */
  readonly costs: CurrencySums;
}

/** Requests of one model in one minute: one request is several rows, one for each kind of token. */
interface Requests {
  readonly ids: Set<string>;
  /** Rows that name no request are one each. */
  unnamed: number;
}

/** A SKU and its sums take as much memory as so many charges: five thousand of them are as much as a range may keep. */
export const SKU_WEIGHT = 25;

type MinuteCell = Pick<Charge, 'measure' | 'model' | 'detail' | 'value' | 'currency'>;

/** What the rows of one minute come to. */
export class MinuteSums {
  readonly at: Instant;
  readonly bySku = new Map<string, SkuSums>();
  readonly topUps: CurrencySums = new Map();
  readonly #byModel = new Map<string, Requests>();

  constructor(at: Instant) {
    this.at = at;
  }

  /** Opens the sums of a SKU that is new to the minute. */
  open(sku: Sku): SkuSums {
    const { name, model } = sku;
    const requests = this.#byModel.get(model) ?? { ids: new Set(), unnamed: 0 };
    const sums: SkuSums = { sku, requests, units: 0n, costs: new Map() };
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
    const cells = new Map<string, Charge>();
    for (const cell of this.#cells()) {
      const key = `${cell.measure} ${cell.detail} ${cell.model}`;
      const value = (cells.get(key)?.value ?? 0n) + cell.value;
      cells.set(key, { at: this.at, resource: '', tier: '', ...cell, value });
    }
    return [...cells.values()].filter(({ value }) => value !== 0n);
  }

  *#cells(): Generator<MinuteCell> {
    for (const { sku, costs, units } of this.bySku.values()) {
      for (const cost of costs) yield moneyCell('cost', sku.model, cost);
      yield usageCell(sku, units);
    }
    for (const [model, { ids, unnamed }] of this.#byModel)
      yield { measure: 'requests', model, detail: '', value: fromInteger(BigInt(ids.size + unnamed)) };
    for (const topUp of this.topUps) yield moneyCell('top_ups', '', topUp);
  }
}

function usageCell({ name, model, tokenType }: Sku, units: Fixed): MinuteCell {
  return tokenType
    ? { measure: 'tokens', model, detail: tokenType, value: units * TOKENS_PER_UNIT }
    : { measure: 'units', model, detail: name, value: units };
}

/** Currencies are told apart by their name alone, not by its case. */
function moneyCell(
  measure: 'cost' | 'top_ups',
  model: string,
  [written, value]: [string, Fixed],
): MinuteCell {
  const currency = written.toUpperCase();
  const cell = { measure, model, detail: currency, value };
  return currency === 'USD' ? cell : { ...cell, currency };
}

/** Counts the request that a row names, or the row itself if it names none. */
export function countRequest(requests: Requests, id: string | undefined): void {
  if (id === undefined) requests.unnamed += 1;
  else requests.ids.add(id);
}

export function addTo(sums: CurrencySums, currency: string, amount: Fixed): void {
  sums.set(currency, (sums.get(currency) ?? 0n) + amount);
  if (sums.size > MAX_CURRENCIES) throw new RangeError(`more than ${MAX_CURRENCIES} currencies`);
}
