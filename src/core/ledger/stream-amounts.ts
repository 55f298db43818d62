import { addTo } from '../values/maps.ts';
import type { Fixed } from '../values/money.ts';
import { bucketsIn, DAY, floorTo, type Granularity, type Range } from '../values/time.ts';
import { type BucketSource, resolveRange, viewOf } from './composition.ts';
import type { SideAmounts } from './deltas.ts';
import type { Store, StreamRow } from './records.ts';
import type { StreamSettings } from './settings.ts';
import type { LedgerState } from './state.ts';

export interface StreamAmountsInput {
  readonly store: Pick<Store, 'cells'>;
  readonly state: Pick<LedgerState, 'accounts' | 'readings'>;
  readonly stream: StreamRow;
  readonly settings: StreamSettings;
}

/** Whether one truth is read at several granularities, so that cells of one must not be added to those of another. */
export function isComposed({ granularities }: Pick<StreamSettings, 'granularities'>): boolean {
  return granularities.length > 1;
}

/** The granularities that the cells of a stream may have: compacted days are kept by the day. */
export function storedGranularities({ granularities }: StreamSettings): readonly Granularity[] {
  return [...new Set<Granularity>([...granularities, 'day'])];
}

/**
 * The days that may have cells: all that were read and are not rolled up. A reading counts even if it is older than its bucket and so
 * cannot know what was spent: what it listed is in the counters.
 */
export function storedDays(
  state: Pick<LedgerState, 'span'>,
  { id, closedBefore }: StreamRow,
  before = Number.POSITIVE_INFINITY,
): Range[] {
  const span = state.span(id);
  if (!span) return [];
  const start = floorTo(DAY, Math.max(span.start, closedBefore));
  return bucketsIn(DAY, { start, end: Math.min(span.end, before) }).map((day) => ({
    start: day,
    end: day + DAY,
  }));
}

/** What the cells of whole days come to. */
export function amountsIn(input: StreamAmountsInput, range: Range): SideAmounts {
  return isComposed(input.settings) ? composeRange(input, range) : sumCells(input, range);
}

/** Both sides of whole days of a stream that has several granularities. */
export function composeRange({ store, state, stream, settings }: StreamAmountsInput, range: Range) {
  const { granularities, settleMs } = settings;
  const cells = new Map(granularities.map((each) => [each, store.cells(stream.id, each, range)]));
  const source: BucketSource = {
    granularities,
    settleMs,
    baselineFrom: state.accounts.get(stream.account)?.baseline,
    readings: (granularity, side) => state.readings(stream.id, granularity, side),
    cells: (granularity) => cells.get(granularity),
  };
  return {
    value: resolveRange(viewOf(source, 'current'), range),
    baseline: resolveRange(viewOf(source, 'baseline'), range),
  };
}

function sumCells({ store, stream, settings }: StreamAmountsInput, range: Range): SideAmounts {
  const value = new Map<number, Fixed>();
  const baseline = new Map<number, Fixed>();
  for (const granularity of storedGranularities(settings)) {
    for (const cells of store.cells(stream.id, granularity, range).values()) {
      for (const [series, cell] of cells) {
        addTo(value, series, cell.value);
        addTo(baseline, series, cell.baseline);
      }
    }
  }
  return { value, baseline };
}
