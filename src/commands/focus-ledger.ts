import { focusAccounts } from '../app/focus-accounts.ts';
import type { Config } from '../config/config.ts';
import { isoDay, type Range } from '../core/values/time.ts';
import { parquetPieces } from '../sinks/focus/parquet.ts';
import { textPieces } from '../sinks/focus/text.ts';
import type { ExportFormat } from './io.ts';
import { openLedger } from './open-ledger.ts';

/** What an export lacks of an account. */
export interface GapText {
  readonly provider: string;
  readonly account: string;
  readonly reason: string;
  readonly from: string;
  /** The day after the last. */
  readonly to: string;
}

export interface FocusAnswer {
  readonly gaps: readonly GapText[];
  /** Gaps that are not listed. */
  readonly more: number;
  readonly pieces: AsyncIterable<string | Uint8Array>;
}

/**
 * Exports from a ledger that no other process uses; it is open until `use` is done.
 *
 * @throws {StoreError} if it cannot be read.
 */
export async function focusOfLedger(
  config: Config,
  { range, format }: { readonly range: Range; readonly format: ExportFormat },
  use: (answer: FocusAnswer) => Promise<void>,
): Promise<void> {
  const { ledger, accounts } = openLedger(config, Date.now());
  try {
    const found = ledger.focus(focusAccounts(accounts, config.accounts), range, Date.now());
    const gaps = resultOf(found.gaps()).map(({ start, end, ...gap }) => {
      return { ...gap, from: isoDay(start), to: isoDay(end) };
    });
    const rows = found.rows();
    const pieces = format === 'parquet' ? parquetPieces(rows) : textPieces(rows, format);
    await use({ gaps, more: 0, pieces });
  } finally {
    ledger.close();
  }
}

function resultOf<Result>(work: Iterator<void, Result>): Result {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
  }
}
