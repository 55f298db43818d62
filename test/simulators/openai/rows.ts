import { type Fixed, fromInteger } from '../../../src/core/values/money.ts';
import type { Instant } from '../../../src/core/values/time.ts';
import type { BookedRow } from '../kit/books.ts';
import type { TruthEntry } from '../kit/truth.ts';

/** What a line item cost. */
export interface OpenAiCost extends BookedRow {
  readonly kind: 'cost';
  readonly project: string | null;
  readonly lineItem: string | null;
  /** Dollars; a credit is negative. */
  readonly usd: Fixed;
}

export type OpenAiUsageKind =
  | 'completions'
  | 'embeddings'
  | 'images'
  | 'audio_speeches'
  | 'audio_transcriptions'
  | 'moderations';

/** What was used, in one of the usage reports. */
export interface OpenAiUse extends BookedRow {
  readonly kind: OpenAiUsageKind;
  readonly project: string | null;
  readonly model: string;
  readonly requests: number;
  /** Input tokens, cached and written ones included; of audio seconds or characters, of images their number. */
  readonly input: number;
  readonly cached?: number;
  readonly written?: number;
  readonly output?: number;
}

export type OpenAiRow = OpenAiCost | OpenAiUse;

export function isCost(row: OpenAiRow): row is OpenAiCost {
  return row.kind === 'cost';
}

/** What a row says in the design's words. */
export function entriesOf(row: OpenAiRow): TruthEntry[] {
  const resource = row.project ?? '';
  if (isCost(row)) {
    const [, model = row.lineItem ?? ''] = /^(.*),[^,]*$/s.exec(row.lineItem ?? '') ?? [];
    return [{ measure: 'cost', resource, model, tier: '', detail: 'USD', value: row.usd }];
  }
  const labels = { resource, model: row.model, tier: '' };
  const { kind, input, cached = 0, written = 0, output = 0 } = row;
  const hasTokens = kind === 'completions' || kind === 'embeddings';
  const tokens = { input: input - cached - written, cached_input: cached, cache_write: written, output };
  const counts = hasTokens ? Object.entries(tokens) : [];
  return [
    ...counts.map(([detail, count]) => ({
      ...labels,
      measure: 'tokens' as const,
      detail,
      value: whole(count),
    })),
    { ...labels, measure: 'requests', detail: '', value: whole(row.requests) },
  ];
}

function whole(count: number): Fixed {
  return fromInteger(BigInt(count));
}

/** A line item that costs so much. */
export function costing(at: Instant, usd: Fixed): OpenAiCost {
  return { kind: 'cost', at, project: 'proj_by_hand', lineItem: 'by-hand, input', usd };
}
