import { addTo, getOrCreate } from '../values/maps.ts';
import { type Fixed, formatDecimal } from '../values/money.ts';
import { type Instant, isoDay, startOfMonth } from '../values/time.ts';
import type { AccountRow, PeriodKind, SeriesRow, Store, StreamRow } from './records.ts';
import type { StreamSettings } from './settings.ts';
import type { LedgerState } from './state.ts';
import { amountsIn, archivedDays, keptFrom, storedDays } from './stream-amounts.ts';

/** Recomputes the ledger from its cells, and compares the stored counters and period totals with that. */

export interface AuditInput {
  readonly state: LedgerState;
  readonly store: Pick<Store, 'cells' | 'periodTotals' | 'archivedDay'>;
  /** How a stream is read; undefined if its provider is not known any more. */
  readonly settingsOf: (account: AccountRow, stream: string) => StreamSettings | undefined;
}

/** What the cells of a stream come to, by the series that shows it. */
export interface RecomputedStream {
  /** Cells less baseline, of all that is not rolled up. */
  readonly net: ReadonlyMap<number, Fixed>;
  /** Costs by day. */
  readonly days: ReadonlyMap<Instant, ReadonlyMap<number, Fixed>>;
}

/** Everything that does not add up, in words; no more than `limit`. */
export function audit(input: AuditInput, limit = 20): string[] {
  const found: string[] = [];
  for (const [stream, recomputed] of recomputedStreams(input)) {
    for (const problem of [
      ...counterProblems(input, stream, recomputed),
      ...periodProblems(input, stream, recomputed),
    ]) {
      if (found.length === limit) return [...found, 'and more'];
      found.push(problem);
    }
  }
  return found;
}

/** Recomputes, one after the other, the streams whose settings are known. */
export function* recomputedStreams(input: AuditInput): Generator<[StreamRow, RecomputedStream]> {
  for (const stream of input.state.streams.values()) {
    const account = input.state.accounts.get(stream.account);
    const settings = account && input.settingsOf(account, stream.name);
    if (settings) yield [stream, recomputeStream(input, stream, settings)];
  }
}

function recomputeStream(
  { state, store }: AuditInput,
  stream: StreamRow,
  settings: StreamSettings,
): RecomputedStream {
  const net = new Map<number, Fixed>();
  const days = new Map<Instant, Map<number, Fixed>>();
  for (const day of storedDays(state, stream)) {
    const { value, baseline } = amountsIn({ state, store, stream, settings }, day);
    const costs = new Map<number, Fixed>();
    for (const [id, amount] of value) {
      const { target = id, measure } = state.series.get(id) ?? {};
      addTo(net, target, amount);
      if (measure === 'cost') addTo(costs, target, amount);
    }
    for (const [id, amount] of baseline) addTo(net, state.series.get(id)?.target ?? id, -amount);
    days.set(day.start, costs);
  }
  return { net, days };
}

/** Rule 2: total less corrections is cells less baseline. */
function counterProblems({ state }: AuditInput, stream: StreamRow, { net }: RecomputedStream): string[] {
  return seriesOf(state, stream).flatMap((row) => {
    if (row.target !== row.id) return [];
    const counted = row.total - row.corrections;
    const sum = row.rolled + (net.get(row.id) ?? 0n);
    const name = nameOf(state, row);
    if (row.total < 0n || row.corrections < 0n) return [`${name}: a counter is below 0`];
    if (counted === sum) return [];
    return [`${name}: the counters come to ${formatDecimal(counted)}, the cells to ${formatDecimal(sum)}`];
  });
}

/** The stored totals of days, and of months of which every day is there, are those of the cells. */
function periodProblems(input: AuditInput, stream: StreamRow, { days }: RecomputedStream): string[] {
  const months = new Map<Instant, Map<number, Fixed>>();
  const add = ([day, costs]: readonly [Instant, ReadonlyMap<number, Fixed>]) => {
    const month = startOfMonth(day);
    if (month < keptFrom(stream)) return;
    const totals = getOrCreate(months, month, () => new Map());
    for (const [id, amount] of costs) addTo(totals, id, amount);
  };
  for (const day of days) add(day);
  for (const day of archivedCosts(input, stream)) add(day);
  const problems = (kind: PeriodKind, periods: RecomputedStream['days']) =>
    [...periods].flatMap(([start, costs]) => periodProblem(input, stream, { kind, start, costs }));
  return [...problems('day', days), ...problems('month', months)];
}

/** Day by day: all of them may be too many for the memory. */
function* archivedCosts(
  { state, store }: AuditInput,
  stream: StreamRow,
): Generator<[Instant, Map<number, Fixed>]> {
  const isCost = (id: number) => state.series.get(id)?.measure === 'cost';
  for (const day of archivedDays(state, stream))
    yield [day, new Map([...store.archivedDay(stream.id, day)].filter(([id]) => isCost(id)))];
}

interface RecomputedPeriod {
  readonly kind: PeriodKind;
  readonly start: Instant;
  readonly costs: ReadonlyMap<number, Fixed>;
}

function periodProblem({ state, store }: AuditInput, stream: StreamRow, period: RecomputedPeriod): string[] {
  const { kind, start, costs } = period;
  const totals = new Map(store.periodTotals(kind, start));
  return seriesOf(state, stream).flatMap((row) => {
    const [total, sum] = [totals.get(row.id) ?? 0n, costs.get(row.id) ?? 0n];
    if (total === sum) return [];
    const what = `the sum is ${formatDecimal(total)}, the cells come to ${formatDecimal(sum)}`;
    return [`${kind} of ${isoDay(start)}: ${nameOf(state, row)}: ${what}`];
  });
}

function seriesOf(state: LedgerState, { id }: StreamRow): SeriesRow[] {
  return [...state.series.values()].filter(({ stream }) => stream === id);
}

function nameOf(state: LedgerState, { stream, measure, resource, model, tier, detail }: SeriesRow): string {
  const { provider = '', name = '' } = state.accounts.get(state.streams.get(stream)?.account ?? 0) ?? {};
  const labels = [resource, model, tier, detail].map((text) => JSON.stringify(text)).join(' ');
  return `${provider}/${name} ${measure} ${labels}`;
}
