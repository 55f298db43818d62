import type { Store, StreamRow } from '../ledger/records.ts';
import {
  type CellBucket,
  type CellSource,
  composedBuckets,
  partsOf,
  plainBuckets,
  shownAmounts,
} from '../ledger/shown-cells.ts';
import { isComposed, keptFrom, storedGranularities } from '../ledger/stream-amounts.ts';
import type { AskedStream } from '../reports/series-parts.ts';
import type { PublishInput } from '../reports/windows.ts';
import { getOrCreate } from '../values/maps.ts';
import {
  bucketsIn,
  DAY,
  type Instant,
  intersection,
  type Range,
  startOfDay,
  startOfMonth,
} from '../values/time.ts';

export interface CellsInput {
  readonly ledger: PublishInput;
  readonly store: Pick<Store, 'peekCells' | 'archivedDay'>;
}

/**
 * The cells of a stream in a range of whole days, as fine as they are kept and oldest first, in steps of a moment; undefined is a pause.
 * Closed days are days; a month whose days are not kept is one bucket.
 */
export function* cellsOf(
  input: CellsInput,
  asked: AskedStream,
  range: Range,
): Generator<CellBucket | undefined, void> {
  for (const month of monthsIn(range)) {
    const rolled = rolledUp(input.ledger, asked, month);
    const isWhole = month.start >= range.start && month.end <= range.end;
    if (rolled && isWhole) yield monthOf(input.ledger, asked, month);
    else
      for (const day of daysOf(input.ledger, asked, intersection(month, range))) {
        yield undefined;
        yield* cellsOfDay(input, asked, day);
      }
  }
}

export function monthsIn({ start, end }: Range): Range[] {
  const months: Range[] = [];
  for (let at = startOfMonth(start); at < end; at = startOfMonth(at, 1))
    months.push({ start: at, end: startOfMonth(at, 1) });
  return months;
}

/** The part of a month whose days are no longer kept; undefined if all of them are. */
export function rolledUp({ state }: PublishInput, asked: AskedStream, month: Range): Range | undefined {
  const stream = currentOf(state, asked);
  const closed = intersection(month, { start: Number.NEGATIVE_INFINITY, end: keptFrom(stream) });
  return closed && state.covered(stream.id).some((read) => intersection(read, closed)) ? closed : undefined;
}

/** A month may be closed while an export is being made. */
function currentOf({ streams }: PublishInput['state'], { stream }: AskedStream): StreamRow {
  return streams.get(stream.id) ?? stream;
}

/** Costs only: nothing else is added up by month. */
function monthOf({ state }: PublishInput, { stream }: AskedStream, month: Range): CellBucket {
  const amounts = new Map<number, bigint>();
  for (const [id, usd] of state.peekPeriodTotals('month', month.start))
    if (state.series.get(id)?.stream === stream.id) amounts.set(id, usd);
  return { ...month, amounts };
}

/** The days of a range that may have cells. */
function daysOf({ state }: PublishInput, asked: AskedStream, range: Range | undefined): Range[] {
  const stream = currentOf(state, asked);
  const span = state.span(stream.id);
  if (!span || !range) return [];
  const kept = { start: startOfDay(Math.max(span.start, keptFrom(stream))), end: span.end };
  const days = intersection(range, kept);
  return bucketsIn(DAY, days ?? { start: 0, end: 0 }).map((start) => ({ start, end: start + DAY }));
}

function* cellsOfDay(
  { ledger, store }: CellsInput,
  asked: AskedStream,
  day: Range,
): Generator<CellBucket | undefined, void> {
  const { state } = ledger;
  const { settings } = asked;
  const stream = currentOf(state, asked);
  if (day.start < stream.closedBefore) {
    yield { ...day, amounts: shownAmounts(state, store.archivedDay(stream.id, day.start)) };
    return;
  }
  const source: CellSource = { store, state, stream, settings, side: 'current' };
  if (isComposed(settings)) {
    yield* composedBuckets(source, day);
    return;
  }
  for (const granularity of storedGranularities(settings)) {
    for (const part of partsOf(granularity, day)) {
      yield undefined;
      yield* plainBuckets(source, granularity, part);
    }
  }
}

/** Net dollars by series of the months that were asked for last. */
export class MonthTotals {
  readonly #state: PublishInput['state'];
  readonly #months = new Map<Instant, ReadonlyMap<number, bigint>>();

  constructor(state: PublishInput['state']) {
    this.#state = state;
  }

  of(series: number, at: Instant): bigint {
    const month = startOfMonth(at);
    if (!this.#months.has(month)) this.#months.clear();
    const totals = getOrCreate(
      this.#months,
      month,
      () => new Map(this.#state.peekPeriodTotals('month', month)),
    );
    return totals.get(series) ?? 0n;
  }
}
