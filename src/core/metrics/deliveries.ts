import type { Book } from '../ledger/state.ts';
import { exposed } from '../ledger/zero-hold.ts';
import { METRICS, type Metric } from './catalog.ts';
import { type Fixed, toNumber } from '../values/money.ts';
import { COUNTERS } from './build-snapshot.ts';
import { seriesLabels } from './sample-cache.ts';
import type { AccountRow, SeriesRow, Store } from '../ledger/records.ts';
import type { Instant } from '../values/time.ts';

/** What a receiver of differences was last told of a counter. */
export interface Delivery {
  /** The counter's name. */
  readonly family: string;
  /** Values of the family's labels, in the family's order. */
  readonly labels: readonly string[];
  /** When the series was first 0: one that began anew is told from 0 again. */
  readonly zeroAt: Instant;
  /** As it was exposed. */
  readonly total: number;
  /** End of the time that was told of. */
  readonly at: Instant;
}

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

export function deliveriesOf(receiver: string, store: Store, book: Book): Deliveries {
  const remember = (rows: readonly Delivery[]) => store.commit({ deliveries: [{ receiver, rows }] });
  return {
    isNew: store.deliveries(receiver) === undefined,
    begin: (at) => remember(standingCounters(book, at)),
    load: () => store.deliveries(receiver) ?? [],
    remember,
  };
}

/** Every counter of the ledger as it would be exposed, those of accounts that are not shown and of series that have retired too. */
function standingCounters(book: Book, at: Instant): Delivery[] {
  const rows = [...book.series.values()].filter((row) => row.target === row.id);
  return [
    ...rows.flatMap((row) => ofSeries(book, row, at)),
    ...[...book.accounts.values()].map((account) => ofAccount(account, at)),
  ];
}

function ofSeries(book: Book, row: SeriesRow, at: Instant): Delivery[] {
  const account = book.accounts.get(book.streams.get(row.stream)?.account ?? 0);
  if (!account) return [];
  const metric: Metric = METRICS[COUNTERS[row.measure]];
  const labels = seriesLabels(metric, account, row);
  const { total, corrections } = exposed(row);
  const told = (family: string, amount: Fixed): Delivery => {
    return { family, labels, zeroAt: row.zeroAt, total: toNumber(amount), at };
  };
  return [told(metric.name, total), ...(metric.twin ? [told(metric.twin.name, corrections)] : [])];
}

function ofAccount({ provider, name, openedAt, folded }: AccountRow, at: Instant): Delivery {
  const family = METRICS.seriesFolded.name;
  return { family, labels: [provider, name], zeroAt: openedAt, total: folded, at };
}
