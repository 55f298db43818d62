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

/** An integer, exact beyond 2^53: as a JSON number, or as the source text of a longer one. */
export const Integer = z
  .union([z.int(), z.string().regex(/^-?\d{1,400}$/)])
  .transform((value) => BigInt(value));

/** An integer count as an exact amount. */
export const Count = Integer.transform((value): Fixed => fromInteger(value));

/** More wrong members are not looked for: one is enough to refuse an answer, and describing millions takes minutes. */
export const MAX_ISSUES = 100;

const ITEM = Symbol('item');

/** The schema of the items of a list, or undefined if `schema` is no list. */
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

/** An object in an answer whose keys are data. Like `z.record`, but it ends at {@link MAX_ISSUES}. */
export function recordOf<Item extends z.ZodType>(item: Item) {
  return z
    .unknown()
    .check((payload) => {
      const { value, issues } = payload;
      if (typeof value !== 'object' || value === null || Array.isArray(value)) {
        issues.push({ code: 'invalid_type', expected: 'record', input: value });
        return;
      }
      const keys = Object.keys(value);
      const members = membersOf(item, Object.values(value), (index) => keys[index] ?? '', issues);
      payload.value = Object.fromEntries(members.map((member, index) => [keys[index], member]));
    })
    .pipe(z.custom<Record<string, z.output<Item>>>((value) => typeof value === 'object'));
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
