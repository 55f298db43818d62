import type { Range } from '../../../core/values/time.ts';
import type { RangeReading } from '../../api/provider.ts';
import { reading } from '../../api/readings.ts';
import type { NorthflankContext } from '../account/config.ts';
import { readState } from './state.ts';

/** The feed whose state tells which hours had nothing at all. */
export const LIST_FEED = 'usage_list';

/**
 * Whether an hour can be stated as empty without a request: the list showed it with nothing at all, after it had settled and for the
 * same team and costs, and it was never read. One that was read may have had an amount, which only a request takes back.
 *
 * The as-of of such a statement is that of its poll, later than the list was read. That hides nothing: both are after the hour
 * settled, and no other reading of the hour lies between. The time of the list would be worse, for the account's baseline would lie
 * before anything else that was read.
 */
export function isFree({
  config,
  coverage,
  stateOf,
}: Pick<NorthflankContext, 'config' | 'coverage' | 'stateOf'>): (hour: Range) => boolean {
  const empty = readState(stateOf(LIST_FEED), config)?.empty ?? [];
  return (hour) =>
    empty.some(({ start, end }) => start <= hour.start && hour.end <= end) && coverage.gaps(hour).length > 0;
}

/** The reading of an hour that nothing was asked about. */
export function readEmptyHour(range: Range): RangeReading {
  return reading({ statement: { granularity: 'hour', range, charges: [], omittedTiers: [] } });
}
