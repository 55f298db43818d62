import { z } from 'zod';
import { type Fixed, fromInteger, fromNumber, parseDecimal } from '../core/money.ts';

/** An exact amount, as a JSON number, as decimal text, or as the source text of a number too long for a double. */
export const Decimal = z.union([z.number(), z.string()]).transform((value, context): Fixed => {
  try {
    return typeof value === 'number' ? fromNumber(value) : parseDecimal(value);
  } catch {
    context.issues.push({ code: 'custom', message: 'not a decimal number', input: value });
    return z.NEVER;
  }
});

/** An object whose keys are data, such as names of apps. `z.record` would drop the key `__proto__`, and its money with it. */
export function mapOf<Value>(item: z.ZodType<Value>) {
  return z.preprocess(
    (value) => (isObject(value) ? new Map(Object.entries(value)) : value),
    z.map(z.string(), item, { error: 'not an object' }),
  );
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An integer, exact beyond 2^53: as a JSON number, or as the source text of a longer one. */
export const Integer = z.union([z.int(), z.string().regex(/^-?\d+$/)]).transform((value) => BigInt(value));

/** An integer count as an exact amount. */
export const Count = Integer.transform((value): Fixed => fromInteger(value));
