import { type Fixed, fromInteger } from '../../core/money.ts';
import type { Line, TokenType } from '../../core/statement.ts';
import type { Instant } from '../../core/time.ts';
import type { Sku } from './sku.ts';

/** Units of an LLM SKU are millions of tokens. */
const TOKENS_PER_UNIT = 1_000_000n;

/** What one SKU came to in one minute. */
interface SkuSums {
  readonly sku: Sku;
  readonly requests: Requests;
  units: Fixed;
  /** By currency as written; spend is positive. */
  readonly costs: Map<string, Fixed>;
}

/** Requests of one model in one minute: one request is several rows, one for each kind of token. */
interface Requests {
  readonly model: string;
  readonly ids: Set<string>;
  /** Rows that name no request are one each. */
  unnamed: number;
}

/** What the rows of one minute come to. */
export interface MinuteSums {
  readonly at: Instant;
  readonly bySku: Map<string, SkuSums>;
  readonly byModel: Map<string, Requests>;
  /** By currency as written. */
  readonly topUps: Map<string, Fixed>;
}

export function emptyMinute(at: Instant): MinuteSums {
  return { at, bySku: new Map(), byModel: new Map(), topUps: new Map() };
}

/** The sums of a SKU, from zero when it is new to the minute. */
export function sumsOf(minute: MinuteSums, sku: Sku): SkuSums {
  const known = minute.bySku.get(sku.name);
  if (known) return known;
  const requests = minute.byModel.get(sku.model) ?? { model: sku.model, ids: new Set(), unnamed: 0 };
  const fresh: SkuSums = { sku, requests, units: 0n, costs: new Map() };
  minute.byModel.set(sku.model, requests);
  minute.bySku.set(sku.name, fresh);
  return fresh;
}

/** Adds to one entry of a map of amounts. */
export function addTo<Key>(amounts: Map<Key, Fixed>, key: Key, amount: Fixed): void {
  amounts.set(key, (amounts.get(key) ?? 0n) + amount);
}

/** The lines of a minute, one a cell. */
export function linesOf({ at, bySku, byModel, topUps }: MinuteSums): Line[] {
  const cells = new Map<string, Line>();
  for (const { sku, units, costs } of bySku.values()) {
    for (const [currency, value] of costs)
      add(cells, money('cost', currency, { at, model: sku.model, value }));
    add(cells, usageOf(sku, at, units));
  }
  for (const requests of byModel.values()) add(cells, requestsOf(requests, at));
  for (const [currency, value] of topUps) add(cells, money('top_ups', currency, { at, model: '', value }));
  return [...cells.values()].filter(({ value }) => value !== 0n);
}

function add(cells: Map<string, Line>, line: Line): void {
  const key = `${line.measure} ${line.detail} ${line.model}`;
  const known = cells.get(key);
  cells.set(key, known ? { ...known, value: known.value + line.value } : line);
}

type Figure = Pick<Line, 'at' | 'model' | 'value'>;

/** Currencies are told apart by their name alone, not by its case. */
function money(measure: 'cost' | 'top_ups', written: string, { at, model, value }: Figure): Line {
  const currency = written.toUpperCase();
  const line: Line = { at, measure, resource: '', model, tier: '', detail: currency, value };
  return currency === 'USD' ? line : { ...line, currency };
}

function usageOf({ name, model, tokenType }: Sku, at: Instant, units: Fixed): Line {
  if (tokenType) return tokens(tokenType, { at, model, value: units * TOKENS_PER_UNIT });
  return { at, measure: 'units', resource: '', model, tier: '', detail: name, value: units };
}

function tokens(detail: TokenType, { at, model, value }: Figure): Line {
  return { at, measure: 'tokens', resource: '', model, tier: '', detail, value };
}

function requestsOf({ model, ids, unnamed }: Requests, at: Instant): Line {
  const value = fromInteger(BigInt(ids.size + unnamed));
  return { at, measure: 'requests', resource: '', model, tier: '', detail: '', value };
}
