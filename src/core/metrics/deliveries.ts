import type { AccountRow, Delivery, SeriesRow, Store } from '../ledger/records.ts';
import type { LedgerState } from '../ledger/state.ts';
import { exposedTotals } from '../ledger/zero-hold.ts';
import { type Fixed, toNumber } from '../values/money.ts';
import type { Instant } from '../values/time.ts';
import { METRICS, type Metric } from './catalog.ts';
import { COUNTERS } from './families.ts';
import { seriesLabels } from './labels.ts';

/** What one receiver of differences was told, across restarts. */
export interface Deliveries {
  /** Nothing is known of the receiver. */
  readonly isNew: boolean;
  /** Makes it known: every counter as it stands, shown or not, counts as told. What stood before it came is not told to it. */
  begin(at: Instant): void;
  load(): readonly Delivery[];
  /** Stores what was told, all of it or nothing; of a series that comes twice, the last. */
  remember(rows: readonly Delivery[]): void;
}

export function deliveriesOf(receiver: string, store: Store, book: LedgerState): Deliveries {
  const remember = (rows: readonly Delivery[]) => store.commit({ deliveries: [{ receiver, rows }] });
  return {
    isNew: store.deliveries(receiver) === undefined,
    begin: (at) => remember(standingCounters(book, at)),
    load: () => store.deliveries(receiver) ?? [],
    remember,
  };
}

/** Every counter of the ledger as it would be exposed, those of accounts that are not shown and of series that have retired too. */
function standingCounters(book: LedgerState, at: Instant): Delivery[] {
  const rows = [...book.series.values()].filter((row) => row.target === row.id);
  return [
    ...rows.flatMap((row) => ofSeries(book, row, at)),
    ...[...book.accounts.values()].map((account) => ofAccount(account, at)),
  ];
}

function ofSeries(book: LedgerState, row: SeriesRow, at: Instant): Delivery[] {
  const account = book.accounts.get(book.streams.get(row.stream)?.account ?? 0);
  if (!account) return [];
  const metric: Metric = METRICS[COUNTERS[row.measure]];
  const labels = seriesLabels(metric, account, row);
  const { total, corrections } = exposedTotals(row);
  const told = (family: string, amount: Fixed): Delivery => {
    return { family, labels, createdAt: row.createdAt, total: toNumber(amount), at };
  };
  return [
    told(metric.name, total),
    ...(metric.corrections ? [told(metric.corrections.name, corrections)] : []),
  ];
}

function ofAccount({ provider, name, openedAt, overflowCount }: AccountRow, at: Instant): Delivery {
  const family = METRICS.seriesFolded.name;
  return { family, labels: [provider, name], createdAt: openedAt, total: overflowCount, at };
}
