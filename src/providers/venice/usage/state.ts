import { z } from 'zod';
import { DAY, type Instant } from '../../../core/values/time.ts';
import { Amount, defineState } from '../../api/state.ts';

const RECHECK_MS = DAY;

/** What a feed remembers of its last poll; nothing in it is more than a short cut or a hint. */
const UsageState = z.object({
  /** When `usage-history` was last found missing, on a server that has only the retired endpoint. */
  legacyAt: z.number().optional(),
  /** Starts of the days that were put off once: they are not put off again. */
  putOff: z.array(z.number()).default([]),
  /** By SKU: when it was last charged, and the price of that in US dollars. */
  prices: z.record(z.string(), z.tuple([z.number(), Amount])).default({}),
  /** By settled UTC day and currency: what was counted as refunds. */
  refunds: z.record(z.string(), z.record(z.string(), Amount)).default({}),
});
export type UsageState = z.infer<typeof UsageState>;

const state = defineState(UsageState);

export function readState(text: string | undefined): UsageState {
  return state.read(text) ?? { putOff: [], prices: {}, refunds: {} };
}

/** Without what is empty. */
export function writeState(value: UsageState): string {
  const all = Object.entries(UsageState.encode(value));
  return JSON.stringify(
    Object.fromEntries(all.filter(([, part]) => typeof part !== 'object' || Object.keys(part).length > 0)),
  );
}

/** A server may have learnt the new endpoint since. */
export function isLegacy({ legacyAt }: UsageState, now: Instant): boolean {
  return legacyAt !== undefined && legacyAt <= now && now - legacyAt < RECHECK_MS;
}
