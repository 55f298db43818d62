import { z } from 'zod';
import { type Fixed, fromInteger, fromNumber, ONE, parseDecimal } from '../../core/values/money.ts';
import { type Instant, startOfDay } from '../../core/values/time.ts';
import { Timestamp } from './instants.ts';
import { Members, withMembers } from './members.ts';

/**
 * Reads a number or decimal text exactly, times ten to the power of `exponent`. Shifted as text, so that it rounds once.
 *
 * @throws {RangeError} for any other text, and for what is infinite as a double: no provider bills 1e400 dollars.
 */
export function exactOf(value: number | string, exponent = 0): Fixed {
  const exact = typeof value === 'number' ? fromNumber(value) : parseDecimal(value);
  if (!Number.isFinite(Number(value))) throw new RangeError('not a finite number');
  if (exponent === 0) return exact;
  const [digits, shift = '0'] = String(value).split(/e/i);
  return parseDecimal(`${digits}e${Number(shift) + exponent}`);
}

/** A JSON number, decimal text, or the source text of a long number. */
export const Numeric = z.union([z.number(), z.string()]);

/** An exact amount times ten to the power of `exponent`. */
export function decimal(exponent = 0) {
  return Numeric.transform((value, context) => readDecimal(value, context, exponent));
}

export function readDecimal(
  value: number | string,
  { issues }: Pick<z.RefinementCtx, 'issues'>,
  exponent = 0,
): Fixed {
  try {
    return exactOf(value, exponent);
  } catch {
    issues.push({ code: 'custom', message: 'not a decimal number', input: value });
    return z.NEVER;
  }
}

export const Decimal = decimal();

const WHOLE = /^-?\d{1,40}$/;

/** An integer, exact beyond 2^53: as a JSON number, or as the source text of a longer one. */
export const Integer = Numeric.transform((value, context): bigint => {
  if (typeof value === 'string' && WHOLE.test(value)) return BigInt(value);
  if (typeof value === 'number' && Number.isInteger(value)) return fromNumber(value) / ONE;
  context.issues.push({ code: 'custom', message: 'not a whole number', input: value });
  return z.NEVER;
});

/** An integer count as an exact amount. */
export const Count = Integer.transform((value): Fixed => fromInteger(value));

/**
 * For what is no money: a value that is missing or not as `documented` becomes `undefined` and never fails the answer. It is counted as
 * drift by `driftIn`, once for each field, unless `documented` allows for its absence.
 */
export function lenient<Documented extends z.ZodType>(documented: Documented) {
  return z.catch(z.optional(documented), undefined);
}

/** For text that only names or describes. */
export const Text = lenient(z.string().nullish());

/** Fields that are documented and of no use here: they are not drift. */
export function unusedFields(...names: readonly string[]) {
  return Object.fromEntries(names.map((name) => [name, z.unknown().optional()]));
}

/** For money that the ledger does not need: it may be missing, which is drift, but what is there has to be money. */
export const OtherMoney = Decimal.nullish().meta({ tolerated: 'absence' });

const Midnight = Timestamp.refine((at) => startOfDay(at) === at, 'not a midnight');

/**
 * A UTC day as its first instant. A midnight in place of the plain date is read, too, and counted as drift: the money of the day is
 * not lost for it.
 */
export const Day = z
  .union([z.iso.date().transform((text): Instant => Date.parse(text)), Midnight])
  .meta({ tolerated: 'other form' });

/** An array in an answer. Like `z.array`, but it ends at {@link MAX_ISSUES}. */
export function listOf<Item extends z.ZodType>(item: Item) {
  const members = new Members({ item, isMap: false });
  const list = z
    .unknown()
    .check((payload) => {
      const { value, issues } = payload;
      if (Array.isArray(value)) payload.value = members.readAll(value, (index) => index, issues);
      else issues.push({ code: 'invalid_type', expected: 'array', input: value });
    })
    .pipe(z.custom<z.output<Item>[]>(Array.isArray));
  return withMembers(list, members);
}

/**
 * An object in an answer whose keys are data, such as names of apps, as a map. Like `z.record`, but it ends at {@link MAX_ISSUES}, and
 * keeps the key `__proto__`.
 */
export function mapOf<Item extends z.ZodType>(item: Item) {
  const members = new Members({ item, isMap: true });
  const map = z
    .unknown()
    .check((payload) => {
      const { value, issues } = payload;
      if (typeof value !== 'object' || value === null || Array.isArray(value)) {
        issues.push({ code: 'invalid_type', expected: 'record', input: value });
        return;
      }
      const keys = Object.keys(value);
      const read = members.readAll(Object.values(value), (index) => keys[index] ?? '', issues);
      payload.value = new Map(read.map((member, index) => [keys[index], member]));
    })
    .pipe(z.custom<Map<string, z.output<Item>>>((value) => value instanceof Map));
  return withMembers(map, members);
}
