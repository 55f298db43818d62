import type { AccountRow, Delivery, SeriesRow, Store } from '../ledger/records.ts';
import type { LedgerState } from '../ledger/state.ts';
import { exposedTotals } from '../ledger/zero-hold.ts';
import { type Fixed, toNumber } from '../values/money.ts';
import type { Instant } from '../values/time.ts';
import { COUNTERS, METRICS, type Metric } from './catalog.ts';
import { seriesLabels } from './labels.ts';

/** What was delivered to one receiver of deltas, across restarts. */
export interface Deliveries {
  /** The receiver is unknown so far. */
  readonly isNew: boolean;
  /** Registers the receiver: every counter, shown or not, counts as delivered at its current value. */
  begin(at: Instant): void;
  load(): readonly Delivery[];
  /** Stores deliveries, all or nothing; the last one of each series counts. */
  remember(rows: readonly Delivery[]): void;
}

export function deliveriesOf(receiver: string, store: Store, state: LedgerState): Deliveries {
  const remember = (rows: readonly Delivery[]) => store.commit({ deliveries: [{ receiver, rows }] });
  return {
    isNew: store.deliveries(receiver) === undefined,
    begin: (at) => remember(currentCounters(state, at)),
    load: () => store.deliveries(receiver) ?? [],
    remember,
  };
}

/** Every counter of the ledger as it would be exposed, including those of hidden accounts and retired series. */
function currentCounters(state: LedgerState, at: Instant): Delivery[] {
  const rows = [...state.series.values()].filter((row) => row.target === row.id);
  return [
    ...rows.flatMap((row) => ofSeries(state, row, at)),
    ...[...state.accounts.values()].map((account) => ofAccount(account, at)),
  ];
}

function ofSeries(state: LedgerState, row: SeriesRow, at: Instant): Delivery[] {
  const account = state.accounts.get(state.streams.get(row.stream)?.account ?? 0);
  if (!account) return [];
  const metric: Metric = METRICS[COUNTERS[row.measure]];
  const labels = seriesLabels(metric, account, row);
  const { total, corrections } = exposedTotals(row);
  const delivery = (family: string, amount: Fixed): Delivery => {
    return { family, labels, createdAt: row.createdAt, total: toNumber(amount), at };
  };
  return [
    delivery(metric.name, total),
    ...(metric.corrections ? [delivery(metric.corrections.name, corrections)] : []),
  ];
}

function ofAccount({ provider, name, openedAt, overflowCount }: AccountRow, at: Instant): Delivery {
  const family = METRICS.seriesFolded.name;
  return { family, labels: [provider, name], createdAt: openedAt, total: overflowCount, at };
}
