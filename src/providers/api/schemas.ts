import { z } from 'zod';
import { type Fixed, fromInteger, fromNumber, ONE, parseDecimal } from '../../core/values/money.ts';
import { type Instant, startOfDay } from '../../core/values/time.ts';
import { Timestamp } from './instants.ts';

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

/** An exact amount times ten to the power of `exponent`, as a JSON number, as decimal text, or as the source text of a long number. */
export function decimal(exponent = 0) {
  return z.union([z.number(), z.string()]).transform((value, context): Fixed => {
    try {
      return exactOf(value, exponent);
    } catch {
      context.issues.push({ code: 'custom', message: 'not a decimal number', input: value });
      return z.NEVER;
    }
  });
}

/** An exact amount. */
export const Decimal = decimal();

const WHOLE = /^-?\d{1,40}$/;

/** An integer, exact beyond 2^53: as a JSON number, or as the source text of a longer one. */
export const Integer = z.union([z.number(), z.string()]).transform((value, context): bigint => {
  if (typeof value === 'string' && WHOLE.test(value)) return BigInt(value);
  if (typeof value === 'number' && Number.isInteger(value)) return fromNumber(value) / ONE;
  context.issues.push({ code: 'custom', message: 'not a whole number', input: value });
  return z.NEVER;
});

/** An integer count as an exact amount. */
export const Count = Integer.transform((value): Fixed => fromInteger(value));

/**
 * For what is no money: a value that is missing or not as `documented` becomes `undefined` and never fails the answer. It is counted as
 * drift by `undocumentedIn`, once for each field, unless `documented` allows for its absence.
 */
export function lenient<Documented extends z.ZodType>(documented: Documented) {
  return z.catch(z.optional(documented), undefined);
}

/** For text that only names or describes. */
export const Text = lenient(z.string().nullish());

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
/** More wrong members are not looked for: one is enough to refuse an answer, and describing millions takes minutes. */
export const MAX_ISSUES = 100;

const ITEM = Symbol('item');

/** The schema of the members of a {@link listOf} or {@link mapOf}; undefined for any other schema. */
export function itemOf(schema: z.core.$ZodType): z.core.$ZodType | undefined {
  const item = ITEM in schema ? schema[ITEM] : undefined;
  return item instanceof z.core.$ZodType ? item : undefined;
}

/** An array in an answer. Like `z.array`, but it ends at {@link MAX_ISSUES}. */
export function listOf<Item extends z.ZodType>(item: Item) {
  const list = z
    .unknown()
    .check((payload) => {
      const { value, issues } = payload;
      if (Array.isArray(value)) payload.value = membersOf(item, value, (index) => index, issues);
      else issues.push({ code: 'invalid_type', expected: 'array', input: value });
    })
    .pipe(z.custom<z.output<Item>[]>(Array.isArray));
  return Object.assign(list, { [ITEM]: item });
}

/**
 * An object in an answer whose keys are data, such as names of apps, as a map. Like `z.record`, but it ends at {@link MAX_ISSUES}, and
 * keeps the key `__proto__`.
 */
export function mapOf<Item extends z.ZodType>(item: Item) {
  const map = z
    .unknown()
    .check((payload) => {
      const { value, issues } = payload;
      if (typeof value !== 'object' || value === null || Array.isArray(value)) {
        issues.push({ code: 'invalid_type', expected: 'record', input: value });
        return;
      }
      const keys = Object.keys(value);
      const members = membersOf(item, Object.values(value), (index) => keys[index] ?? '', issues);
      payload.value = new Map(members.map((member, index) => [keys[index], member]));
    })
    .pipe(z.custom<Map<string, z.output<Item>>>((value) => value instanceof Map));
  return Object.assign(map, { [ITEM]: item });
}

/** The members as their schema gives them, up to the one that makes too many issues. */
function membersOf(
  item: z.core.$ZodType,
  members: readonly unknown[],
  keyOf: (index: number) => PropertyKey,
  issues: z.core.$ZodRawIssue[],
): unknown[] {
  const found: unknown[] = [];
  const context = { async: false };
  for (let index = 0; index < members.length && issues.length < MAX_ISSUES; index++) {
    // What `z.array` does with each item; `safeParse` takes half as long again.
    const parsed = item._zod.run({ value: members[index], issues: [] }, context);
    if (parsed instanceof Promise) throw new z.core.$ZodAsyncError();
    if (parsed.issues.length > 0) issues.push(...z.core.util.prefixIssues(keyOf(index), parsed.issues));
    found.push(parsed.value);
  }
  return found;
}
