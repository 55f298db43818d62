import { HOUR, type Instant, type Range } from '../../../src/core/values/time.ts';
import type { Simulator } from '../../simulators/kit/service.ts';
import { type Truth, truthOf } from '../../simulators/kit/truth.ts';
import type { FakeClock } from '../../simulators/kit/world.ts';
import type { NorthflankRow } from '../../simulators/northflank/rows.ts';

/** Starts a simulator whose live minutes are in the future, so that all its days are generated like history. */
export async function withoutLiveMinutes<Started>(
  clock: FakeClock,
  start: () => Promise<Started>,
): Promise<Started> {
  const now = clock.now();
  clock.set(Date.UTC(2026, 11, 15));
  const started = await start();
  clock.set(now);
  return started;
}

/**
 * Northflank's totals as of the last request for each hour, or the first, for hours that ended before an instant: the exporter cannot
 * know how hours are restated between two readings.
 */
export function totalsAsRead(
  northflank: Simulator<NorthflankRow>,
  range: Range,
  which: 'first' | 'last' = 'last',
  endedBy = Number.POSITIVE_INFINITY,
): Truth {
  const asked = new Map<Instant, Instant>();
  for (const { path, at } of northflank.requests) {
    const hour = Number(path.split('/').at(-1)) * 1000;
    if (which === 'last' || !asked.has(hour)) asked.set(hour, at);
  }
  const hours = [...asked].filter(([hour]) => hour >= range.start && hour < range.end);
  const ended = hours.filter(([hour]) => hour + HOUR <= endedBy);
  return truthOf(
    ended.flatMap(([hour, at]) => [...northflank.truth({ start: hour, end: hour + HOUR }, at).entries]),
  );
}
