import { fromInteger } from '../../../src/core/values/money.ts';

/** Microcents by name; null if the price no longer exists. */
export type PriceList = Readonly<Record<string, number | null>>;

/** An evaluated fee: its value, or an error. */
interface PricePart {
  readonly value: bigint;
  readonly error?: string;
}

type Mapping = Readonly<Record<string, unknown>>;

const FEES = ['resource', 'inference', 'royalty', 'partner'] as const;

/**
 * The response to `POST /usage/cel/evaluate`, or undefined if the pricing is invalid.
 *
 * An expression is a product of what {@link factorOf} knows, which the documented examples are; any other fails. `charged` are
 * prices of the provider's own, which count in place of those that the request names.
 */
export function evaluate(preview: unknown, charged: PriceList): object | undefined {
  const draft = mappingOf(preview);
  const pricing = mappingOf(draft.pricing);
  const prices = mappingOf(pricing.prices);
  if (!isMapping(draft.pricing) || !Object.values(prices).every(Number.isFinite)) return undefined;
  const terms = { draft, prices: { ...prices, ...charged } };
  const fees = FEES.map((fee) => [`${fee}_fee`, partOf(pricing[`${fee}_expression`], terms)] as const);
  const failed = fees.filter(([, { error }]) => error !== undefined).length;
  const total = fees.reduce((sum, [, { value }]) => sum + value, 0n);
  return {
    ...Object.fromEntries(fees.map(([name, part]) => [name, shown(part)])),
    total: shown({ value: total, ...(failed > 0 && { error: `${failed} of the fees failed` }) }),
    description: { value: typeof pricing.description === 'string' ? pricing.description : '' },
  };
}

interface PriceTerms {
  readonly draft: Mapping;
  readonly prices: Mapping;
}

/** A fee without an expression is not taken. */
function partOf(expression: unknown, terms: PriceTerms): PricePart {
  if (expression === undefined) return { value: 0n };
  try {
    const factors = String(expression).split('*');
    return {
      value: BigInt(Math.round(factors.reduce((product, text) => product * factorOf(text.trim(), terms), 1))),
    };
  } catch (error) {
    return { value: 0n, error: error instanceof Error ? error.message : String(error) };
  }
}

/** @throws {Error} as a CEL evaluator would say it. */
function factorOf(text: string, { draft, prices }: PriceTerms): number {
  const seconds = Number(draft.usage_seconds ?? 0);
  const [, price] = /^prices\.(\w+)$/.exec(text) ?? [];
  if (price !== undefined) return amountOf(prices[price], price);
  switch (text) {
    case 'image_count(output_meta.outputs)':
      return imagesIn(mappingOf(draft.output_meta).outputs);
    case 'sum(resources.price_per_second)':
      return rowsOf(draft.resources).reduce(
        (sum, row) => sum + amountOf(row.price_per_second, 'price_per_second'),
        0,
      );
    case 'elapsed_ms / 1000':
    case 'usage_seconds':
      return seconds;
    default:
      throw new Error(`ERROR: <input>:1:1: undeclared reference to '${text}' (in container '')`);
  }
}

function amountOf(value: unknown, name: string): number {
  if (typeof value === 'number') return value;
  throw new Error(`no such key: ${name}`);
}

function imagesIn(outputs: unknown): number {
  const images = rowsOf(outputs).filter(({ type }) => type === 'image');
  return images.reduce((sum, { count }) => sum + Number(count ?? 1), 0);
}

function shown({ value, ...rest }: PricePart): object {
  return { value: fromInteger(value), ...rest };
}

function rowsOf(value: unknown): Mapping[] {
  return Array.isArray(value) ? value.map(mappingOf) : [];
}

function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function mappingOf(value: unknown): Mapping {
  return isMapping(value) ? value : {};
}
