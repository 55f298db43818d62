import { z } from 'zod';
import { type Fixed, formatDecimal } from '../../core/values/money.ts';
import { DAY, type Instant } from '../../core/values/time.ts';
import { Decimal } from '../api/schemas.ts';

const RECHECK_MS = DAY;

/** What a feed remembers of its last poll. */
const Memory = z.object({
  /** When `usage-history` was last found missing, on a server that has only the retired endpoint. */
  legacyAt: z.number().optional(),
  /** Starts of the days that were put off once: they are not put off again. */
  putOff: z.array(z.number()).default([]),
  /** By SKU: when it was last charged, and the price of that in US dollars. */
  prices: z.record(z.string(), z.tuple([z.number(), Decimal])).default({}),
  /** By settled UTC day and currency: what was counted as refunds. */
  refunds: z.record(z.string(), z.record(z.string(), Decimal)).default({}),
});
export type Memory = z.infer<typeof Memory>;

/** Reads a state. What cannot be read is forgotten: nothing in it is more than a short cut or a hint. */
export function recall(state: string | undefined): Memory {
  const parsed = Memory.safeParse(jsonOf(state));
  return parsed.success ? parsed.data : Memory.parse({});
}

function jsonOf(state: string | undefined): unknown {
  try {
    return JSON.parse(state ?? '{}');
  } catch {
    return undefined;
  }
}

/** The state of a memory, without what is empty. */
export function memoOf({ legacyAt, putOff, prices, refunds }: Memory): string {
  const written = Object.entries(prices).map(([sku, [at, price]]) => [sku, [at, formatDecimal(price)]]);
  const days = Object.entries(refunds).map(([day, amounts]) => [day, textOf(amounts)]);
  return JSON.stringify({
    ...(legacyAt !== undefined && { legacyAt }),
    ...(putOff.length > 0 && { putOff }),
    ...(written.length > 0 && { prices: Object.fromEntries(written) }),
    ...(days.length > 0 && { refunds: Object.fromEntries(days) }),
  });
}

function textOf(amounts: Readonly<Record<string, Fixed>>): Record<string, string> {
  return Object.fromEntries(Object.entries(amounts).map(([name, amount]) => [name, formatDecimal(amount)]));
}

/** A server may have learnt the new endpoint since. */
export function isLegacy({ legacyAt }: Memory, now: Instant): boolean {
  return legacyAt !== undefined && legacyAt <= now && now - legacyAt < RECHECK_MS;
}
