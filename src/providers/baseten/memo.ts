import { z } from 'zod';
import type { Drift } from '../../core/statement/statement.ts';

/** What each look-up remembers, by the name of its feed, for the bill to be read with. */
export const MEMOS = {
  /** SKUs of the instance types, by id. */
  prices: z.record(z.string(), z.string()),
  /** Teams, and which of them owns a model or deployment, by id and by name of the model. */
  models: z.object({
    teams: z.array(z.string()),
    ids: z.record(z.string(), z.int().nonnegative()),
    names: z.record(z.string(), z.int().nonnegative()),
  }),
  /** Names of the teams, by id. */
  teams: z.record(z.string(), z.string()),
} as const;

export type Memo = { readonly [Feed in keyof typeof MEMOS]: z.infer<(typeof MEMOS)[Feed]> };

/** Reads the state of a look-up; undefined where there is none, and where it cannot be read: it only names things. */
export function recall<Memory>(schema: z.ZodType<Memory>, state: string | undefined): Memory | undefined {
  return schema.safeParse(jsonOf(state)).data;
}

function jsonOf(state: string | undefined): unknown {
  try {
    return JSON.parse(state ?? '');
  } catch {
    return undefined;
  }
}

/** As many of some rows as are shown or remembered; that there are more is drift. */
export function within<Row>(
  most: number,
  what: string,
  rows: readonly Row[],
): { kept: readonly Row[]; drift: Drift[] } {
  if (rows.length <= most) return { kept: rows, drift: [] };
  return { kept: rows.slice(0, most), drift: [{ kind: 'too_many_rows', what }] };
}
