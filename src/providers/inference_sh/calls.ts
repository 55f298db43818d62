import { z } from 'zod';
import type { Drift, Observation } from '../../core/statement/statement.ts';
import type { Fixed } from '../../core/values/money.ts';
import { driftIn } from '../api/answer-drift.ts';
import { Count } from '../api/schemas.ts';

/** One of the top apps of a breakdown's window. Its cost is in the timeseries, too. */
const TopApp = z.looseObject({
  app_endpoint: z.string().min(1),
  call_count: Count.nullish(),
  cost: z.unknown().optional(),
});

/**
 * How often the top apps of a window ran. The window slides, so that this is no counter, and the list may leave apps out.
 *
 * No money hangs on it: an entry that cannot be read is counted as drift and costs nothing else.
 */
export function callsOf(
  perModel: unknown,
  range: string,
): { readonly observations: Observation[]; readonly drift: Drift[] } {
  if (perModel === undefined || perModel === null) return { observations: [], drift: [] };
  const entries = z.array(z.unknown()).safeParse(perModel).data;
  const read = entries?.map((entry) => TopApp.safeParse(entry));
  const apps = (read ?? []).flatMap(({ data }) => (data ? [data] : []));
  const isOdd = !read || apps.length < read.length;
  return {
    observations: [...countsOf(apps)].map(([resource, value]) => ({
      metric: 'rangeRequests',
      labels: { resource, range },
      value,
    })),
    drift: [
      ...driftIn(z.object({ per_model: z.array(TopApp) }), { per_model: apps }),
      ...(isOdd ? [{ kind: 'unknown_value' as const, what: 'per_model' }] : []),
    ],
  };
}

/** One count an app, however many entries it has. */
function countsOf(apps: readonly z.infer<typeof TopApp>[]): Map<string, Fixed> {
  const counts = new Map<string, Fixed>();
  for (const { app_endpoint: app, call_count: calls } of apps) {
    if (typeof calls === 'bigint') counts.set(app, (counts.get(app) ?? 0n) + calls);
  }
  return counts;
}
