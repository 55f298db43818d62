import type { Commit, PeriodKind, PeriodTotalRow } from '../ledger/records.ts';
import type { LedgerState } from '../ledger/state.ts';
import type { Fixed } from '../values/money.ts';
import type { Instant } from '../values/time.ts';

/** Amounts by series, as they were when they were read: what is not 0. */
export interface Column {
  readonly ids: Int32Array;
  readonly amounts: BigInt64Array | readonly Fixed[];
}

/** 12 bytes each: 90 days of 10,000 series, and as much again. */
const MAX_ENTRIES = 2_000_000;

/** The totals of days and months that were asked for, packed. Commits evict what they change. */
export class ColumnCache {
  readonly #state: LedgerState;
  readonly #columns = new Map<string, Column>();
  #entries = 0;

  constructor(state: LedgerState) {
    this.#state = state;
  }

  /** Undefined unless it is in memory. */
  loaded(kind: PeriodKind, start: Instant): Column | undefined {
    return this.#columns.get(keyOf({ kind, start }));
  }

  load(kind: PeriodKind, start: Instant): Column {
    const column = pack(this.#state.peekPeriodTotals(kind, start));
    this.#evictOldest(column.ids.length);
    this.#columns.set(keyOf({ kind, start }), column);
    this.#entries += column.ids.length;
    return column;
  }

  /** Follows a commit that was applied. */
  follow({ periodTotals = [], droppedPeriodTotals }: Commit): void {
    for (const total of periodTotals) this.#evict(keyOf(total));
    if (droppedPeriodTotals) this.clear();
  }

  clear(): void {
    this.#columns.clear();
    this.#entries = 0;
  }

  #evictOldest(needed: number): void {
    for (const key of this.#columns.keys()) {
      if (this.#entries + needed <= MAX_ENTRIES) return;
      this.#evict(key);
    }
  }

  #evict(key: string): void {
    this.#entries -= this.#columns.get(key)?.ids.length ?? 0;
    this.#columns.delete(key);
  }
}

function keyOf({ kind, start }: Pick<PeriodTotalRow, 'kind' | 'start'>): string {
  return `${kind} ${start}`;
}

const MAX_INT64 = 2n ** 63n - 1n;

function pack(totals: ReadonlyMap<number, Fixed>): Column {
  const ids: number[] = [];
  const amounts: Fixed[] = [];
  let isSmall = true;
  for (const [series, amount] of totals) {
    if (amount === 0n) continue;
    ids.push(series);
    amounts.push(amount);
    isSmall &&= amount <= MAX_INT64 && amount >= -MAX_INT64;
  }
  return { ids: Int32Array.from(ids), amounts: isSmall ? BigInt64Array.from(amounts) : amounts };
}
