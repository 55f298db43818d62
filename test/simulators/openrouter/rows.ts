import { type Fixed, fromInteger } from '../../../src/core/values/money.ts';
import type { Instant } from '../../../src/core/values/time.ts';
import type { BookedRow } from '../kit/books.ts';
import type { TruthEntry } from '../kit/truth.ts';

/** Requests to a model at one of its providers. */
export interface OpenRouterRow extends BookedRow {
  readonly model: string;
  readonly provider: string;
  /** Dollars of credits. */
  readonly usd: Fixed;
  /** Dollars that the provider bills the owner of the key. */
  readonly byokUsd?: Fixed;
  readonly requests: number;
  readonly prompt: number;
  /** Those of reasoning included. */
  readonly completion: number;
  readonly reasoning?: number;
}

/** What a row says in the design's words. */
export function entriesOf(row: OpenRouterRow): TruthEntry[] {
  const labels = { resource: '', model: row.model, tier: row.provider };
  const byok = row.byokUsd ?? 0n;
  return [
    { ...labels, measure: 'cost', detail: 'USD', value: row.usd },
    ...(byok === 0n
      ? []
      : [{ ...labels, measure: 'component_cost' as const, detail: 'byok_inference', value: byok }]),
    { ...labels, measure: 'tokens', detail: 'input', value: whole(row.prompt) },
    { ...labels, measure: 'tokens', detail: 'output', value: whole(row.completion) },
    { ...labels, measure: 'requests', detail: '', value: whole(row.requests) },
  ];
}

export function whole(count: number): Fixed {
  return fromInteger(BigInt(count));
}

/** A request that costs so much. */
export function costing(at: Instant, usd: Fixed): OpenRouterRow {
  return { at, model: 'acme/by-hand', provider: 'Acme', usd, requests: 1, prompt: 10, completion: 5 };
}
