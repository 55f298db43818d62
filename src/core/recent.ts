import type { Cells } from './cells.ts';
import { compose } from './compose.ts';
import type { StreamSettings } from './ledger.ts';
import type { Fixed, Usd } from './money.ts';
import { type PublishInput, reachOf, settingsOf } from './reach.ts';
import { gapsIn, known } from './runs.ts';
import {
  coarsestOf,
  DAY,
  floorTo,
  type Granularities,
  type Granularity,
  type Range,
  sizeOf,
} from './time.ts';

/** Reads cells of a stream. */
export type ReadCells = (granularity: Granularity, range: Range) => Cells;

/** What was spent of late, at what currency. */
export interface Recent {
  /** From a bucket boundary at least 24 hours before the readings' end, up to there. */
  readonly range: Range;
  /** Net US dollars by series. */
  readonly usd: ReadonlyMap<number, Usd>;
}

/**
 * What a stream's series cost in the last 24 hours that were read. Undefined where there is a hole, where the readings ended longer
 * ago than they normally lag, or where all that is read are days.
 */
export function recentSpend(input: PublishInput, stream: number, read: ReadCells): Recent | undefined {
  const settings = settingsOf(input, stream);
  const reach = reachOf(input, stream);
  const granularities = settings && finerThanDays(settings);
  if (!reach || !granularities || input.now - reach.through > reach.lagMs) return undefined;
  const resolution = coarsestOf(granularities);
  const start = floorTo(sizeOf(resolution), reach.through - DAY);
  const range = { start, end: reach.through };
  const runs = (granularity: Granularity) => input.book.runs(stream, granularity, 'newest');
  if (
    gapsIn(
      granularities.flatMap((each) => runs(each).flatMap(known)),
      range,
    ).length > 0
  )
    return undefined;
  const whole = { start, end: reach.through + sizeOf(resolution) };
  const cells = new Map(granularities.map((each) => [each, read(each, whole)]));
  const amounts = (granularity: Granularity, bucket: number) => valuesOf(cells.get(granularity), bucket);
  const view = { granularities, settleMs: settings.settleMs, runs, amounts };
  const usd = new Map<number, Usd>();
  for (let bucket = start; bucket < reach.through; bucket += sizeOf(resolution)) {
    for (const [series, value] of compose(view, resolution, bucket)) {
      if (input.book.series.get(series)?.measure === 'cost') usd.set(series, (usd.get(series) ?? 0n) + value);
    }
  }
  return { range, usd };
}

/** Days are too coarse to tell the last 24 hours. */
function finerThanDays({ granularities }: StreamSettings): Granularities | undefined {
  const [finest, ...coarser] = granularities.filter((each) => each !== 'day');
  return finest && [finest, ...coarser];
}

function valuesOf(cells: Cells | undefined, bucket: number): ReadonlyMap<number, Fixed> | undefined {
  const found = cells?.get(bucket);
  return found && new Map([...found].map(([series, { value }]) => [series, value]));
}
