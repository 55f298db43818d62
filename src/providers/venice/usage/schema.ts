import { z } from 'zod';
import type { Drift } from '../../../core/statement/statement.ts';
import { driftIn, OWN_DRIFT } from '../../api/answer-drift.ts';
import { isObject } from '../../api/members.ts';
import { unusedFields } from '../../api/schemas.ts';
import { isPlainRow, LenientRow, Rows, type UsageRow } from './rows.ts';

// https://docs.venice.ai/api-reference/endpoint/billing/usage-history
// https://docs.venice.ai/api-reference/endpoint/billing/usage (retired on 2026-09-16; servers that copy it remain)

/** Every field that is documented, in the two contracts together. */
const Documented = z.looseObject({
  data: z.array(
    z.looseObject({
      ...unusedFields('amount', 'currency', 'notes', 'pricePerUnitUsd', 'sku', 'timestamp', 'units'),
      inferenceDetails: z
        .looseObject(unusedFields('completionTokens', 'inferenceExecutionTime', 'promptTokens', 'requestId'))
        .nullable(),
    }),
  ),
  ...unusedFields('nextCursor', 'warningMessage', 'pagination'),
});

const OddRows = z.object({ data: z.array(LenientRow) });

/** Field names are looked at in the first row of a page only: a new field comes with all rows or is found on the next page. */
function driftOf(page: unknown): Drift[] {
  if (!isObject(page) || !Array.isArray(page.data)) return [];
  const odd = page.data.filter((row) => !isPlainRow(row));
  return [
    ...driftIn(Documented, { ...page, data: page.data.slice(0, 1) }),
    ...driftIn(OddRows, { data: odd }),
  ];
}

/** All cursors of a walk are remembered. */
const MAX_CURSOR_CHARACTERS = 2048;

/** A page of `GET /billing/usage-history`; the last one has no cursor. */
export const HistoryPage = z
  .object({ data: Rows, nextCursor: z.string().min(1).max(MAX_CURSOR_CHARACTERS).nullable() })
  .register(OWN_DRIFT, { driftOf });

/**
 * A page of the retired `GET /billing/usage`. Of its pagination only the total is believed: the documented example has `limit`
 * and `page` exchanged, and `totalPages` may be 0.
 */
export const UsagePage = z
  .object({ data: Rows, pagination: z.object({ total: z.int().min(0) }) })
  .register(OWN_DRIFT, { driftOf });

/** One page of the ledger, whichever endpoint gave it. */
export interface UsageApiPage {
  readonly api: UsageApi;
  /** A walk starts here: what earlier pages said no longer counts. */
  readonly first: boolean;
  readonly rows: readonly UsageRow[];
}

export type UsageApi = 'usage-history' | 'usage';
