import { type Fixed, fromInteger } from '../../../src/core/values/money.ts';
import type { Instant } from '../../../src/core/values/time.ts';
import type { BookedRow } from '../kit/books.ts';
import type { TruthEntry } from '../kit/truth.ts';

/** One completed task's billing record; a refunded one leaves the breakdown. */
export interface InferenceShRow extends BookedRow {
  /** `namespace/name`. */
  readonly app: string;
  /** 1e8 a dollar. */
  readonly microcents: bigint;
  /** Run time in seconds, for the usage summary. */
  readonly seconds?: number;
  readonly tier?: 'cloud' | 'private';
  readonly type?: string;
  readonly model?: string;
  /** The id under which its cost can be asked for. */
  readonly task?: string;
}

/** Microcents as an exact count, for the wire. */
export function counted(microcents: bigint): Fixed {
  return fromInteger(microcents);
}

/** What the row says in the design's words: dollars. */
export function entryOf(row: InferenceShRow): TruthEntry {
  const value = fromInteger(row.microcents, -8);
  return { measure: 'cost', resource: row.app, model: '', tier: '', detail: 'USD', value };
}

/** A task that costs so much, to the microcent. */
export function costing(at: Instant, usd: Fixed): InferenceShRow {
  return { at, app: 'acme/by-hand', microcents: usd / fromInteger(1n, -8), seconds: 3 };
}
