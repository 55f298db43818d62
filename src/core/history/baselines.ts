import type { ReadInterval } from '../ledger/readings.ts';
import type { StreamRow } from '../ledger/records.ts';
import type { CellSource } from '../ledger/shown-cells.ts';
import type { LedgerState } from '../ledger/state.ts';
import { joinRanges } from '../values/ranges.ts';
import { GRANULARITIES, type Instant, type Range } from '../values/time.ts';

/** What the counters of a ledger do not have, because it was spent before they began. */
export class Baselines {
  readonly #state: LedgerState;
  readonly #store: CellSource['store'];

  constructor(state: LedgerState, store: CellSource['store']) {
    this.#state = state;
    this.#store = store;
  }

  /** Undefined if the counters of the stream have not begun. */
  of(provider: string, account: string, stream: string): StreamBaseline | undefined {
    const id = this.#state.accountOf(provider, account)?.id;
    const row = id === undefined ? undefined : this.#state.streamOf(id, stream);
    if (row?.baseline === undefined) return undefined;
    const covered = joinRanges(firstReadings(this.#state, row));
    return { state: this.#state, store: this.#store, stream: row, at: row.baseline, covered };
  }
}

/** Where the counters of a stream began. */
export interface StreamBaseline extends Pick<CellSource, 'state' | 'store' | 'stream'> {
  readonly at: Instant;
  /** What the baseline covers, disjoint and oldest first. */
  readonly covered: readonly Range[];
}

function firstReadings(state: LedgerState, { id }: StreamRow): ReadInterval[] {
  return GRANULARITIES.flatMap((each) => state.readings(id, each, 'baseline'));
}
