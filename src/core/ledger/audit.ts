import { type Fixed, formatDecimal } from '../values/money.ts';
import { DAY, type Granularity, type Instant, startOfMonth } from '../values/time.ts';
import { composedDay, heldDays } from './compaction.ts';
import type { AccountRow, PeriodKind, SeriesRow, Store, StreamRow } from './records.ts';
import type { StreamSettings } from './settings.ts';
import type { LedgerState } from './state.ts';

/** Adds the ledger up from its cells, and holds what is stored of counters and windows against that. */

export interface AuditInput {
  readonly book: LedgerState;
  readonly store: Pick<Store, 'cells' | 'periodTotals'>;
  /** How a stream is read; undefined where nobody knows any more. */
  readonly settingsOf: (account: AccountRow, stream: string) => StreamSettings | undefined;
}

/** What the cells of a stream come to, by the series that shows it. */
export interface RecomputedStream {
  /** Cells less baseline, of all that is not rolled up. */
  readonly net: ReadonlyMap<number, Fixed>;
  /** Costs by day. */
  readonly days: ReadonlyMap<Instant, ReadonlyMap<number, Fixed>>;
}

type AuditTotals = Map<number, Fixed>;

/** Everything that does not add up, in words; no more than `most`. */
export function audit(input: AuditInput, most = 20): string[] {
  const found: string[] = [];
  for (const stream of input.book.streams.values()) {
    const account = input.book.accounts.get(stream.account);
    const settings = account && input.settingsOf(account, stream.name);
    if (!settings) continue;
    const held = recomputeStream(input, stream, settings);
    for (const problem of [...countersOff(input.book, stream, held), ...windowsOff(input, stream, held)]) {
      if (found.length === most) return [...found, 'and more'];
      found.push(problem);
    }
  }
  return found;
}

/** Adds up the cells of a stream, day by day. */
export function recomputeStream(
  { book, store }: AuditInput,
  stream: StreamRow,
  settings: StreamSettings,
): RecomputedStream {
  const net: AuditTotals = new Map();
  const days = new Map<Instant, AuditTotals>();
  const rowOf = (id: number) => book.series.get(id);
  for (const day of heldDays(book, stream)) {
    const { value, baseline } = cellsOfDay({ book, store, stream, settings }, day);
    const costs: AuditTotals = new Map();
    for (const [id, amount] of value) {
      const { target = id, measure } = rowOf(id) ?? {};
      add(net, target, amount);
      if (measure === 'cost') add(costs, target, amount);
    }
    for (const [id, amount] of baseline) add(net, rowOf(id)?.target ?? id, -amount);
    days.set(day, costs);
  }
  return { net, days };
}

interface DayInput {
  readonly book: LedgerState;
  readonly store: Pick<Store, 'cells'>;
  readonly stream: StreamRow;
  readonly settings: StreamSettings;
}

function cellsOfDay(input: DayInput, day: Instant) {
  const { store, stream, settings } = input;
  if (settings.granularities.length > 1) return composedDay(input, day);
  const value: AuditTotals = new Map();
  const baseline: AuditTotals = new Map();
  for (const granularity of new Set<Granularity>([...settings.granularities, 'day'])) {
    for (const cells of store.cells(stream.id, granularity, { start: day, end: day + DAY }).values()) {
      for (const [series, cell] of cells) {
        add(value, series, cell.value);
        add(baseline, series, cell.baseline);
      }
    }
  }
  return { value, baseline };
}

/** Rule 2: total less corrections is cells less baseline. */
function countersOff(book: LedgerState, stream: StreamRow, { net }: RecomputedStream): string[] {
  return seriesOf(book, stream).flatMap((row) => {
    if (row.target !== row.id) return [];
    const counted = row.total - row.corrections;
    const held = row.rolled + (net.get(row.id) ?? 0n);
    const name = nameOf(book, row);
    if (row.total < 0n || row.corrections < 0n) return [`${name}: a counter is below 0`];
    if (counted === held) return [];
    return [`${name}: the counters come to ${formatDecimal(counted)}, the cells to ${formatDecimal(held)}`];
  });
}

/** The stored sums of days, and of months of which every day is there, are those of the cells. */
function windowsOff({ book, store }: AuditInput, stream: StreamRow, { days }: RecomputedStream): string[] {
  const months = new Map<Instant, AuditTotals>();
  for (const [day, costs] of days) {
    const month = startOfMonth(day);
    if (month < stream.closedBefore) continue;
    const sums = months.get(month) ?? new Map();
    months.set(month, sums);
    for (const [id, amount] of costs) add(sums, id, amount);
  }
  const off = (kind: PeriodKind, start: Instant, costs: ReadonlyMap<number, Fixed>) =>
    sumsOff({ book, stream, costs, sums: store.periodTotals(kind, start) }).map(
      (what) => `${kind} of ${new Date(start).toISOString().slice(0, 10)}: ${what}`,
    );
  return [
    ...[...days].flatMap(([day, costs]) => off('day', day, costs)),
    ...[...months].flatMap(([month, costs]) => off('month', month, costs)),
  ];
}

interface SumsInput {
  readonly book: LedgerState;
  readonly stream: StreamRow;
  readonly costs: ReadonlyMap<number, Fixed>;
  readonly sums: ReadonlyMap<number, Fixed>;
}

function sumsOff({ book, stream, costs, sums }: SumsInput): string[] {
  return seriesOf(book, stream).flatMap((row) => {
    const [sum, held] = [sums.get(row.id) ?? 0n, costs.get(row.id) ?? 0n];
    if (sum === held) return [];
    return [
      `${nameOf(book, row)}: the sum is ${formatDecimal(sum)}, the cells come to ${formatDecimal(held)}`,
    ];
  });
}

function seriesOf(book: LedgerState, { id }: StreamRow): SeriesRow[] {
  return [...book.series.values()].filter(({ stream }) => stream === id);
}

function nameOf(book: LedgerState, { stream, measure, resource, model, tier, detail }: SeriesRow): string {
  const { provider = '', name = '' } = book.accounts.get(book.streams.get(stream)?.account ?? 0) ?? {};
  const labels = [resource, model, tier, detail].map((text) => JSON.stringify(text)).join(' ');
  return `${provider}/${name} ${measure} ${labels}`;
}

function add(totals: AuditTotals, key: number, amount: Fixed): void {
  totals.set(key, (totals.get(key) ?? 0n) + amount);
}
