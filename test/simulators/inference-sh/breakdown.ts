import { DAY, HOUR, type Instant, isoDay, MINUTE, type Range } from '../../../src/core/values/time.ts';
import { roll } from '../kit/random.ts';
import { counted, type InferenceShRow } from './rows.ts';

/** Length of each window, and of the buckets it is cut into. */
export const WINDOWS = {
  '1h': { lengthMs: HOUR, bucketMs: MINUTE },
  '1d': { lengthMs: DAY, bucketMs: HOUR },
  '7d': { lengthMs: 7 * DAY, bucketMs: DAY },
  '30d': { lengthMs: 30 * DAY, bucketMs: DAY },
  '90d': { lengthMs: 90 * DAY, bucketMs: DAY },
} as const;

export interface BreakdownStyle {
  readonly seed: number;
  /** `sliding`: the window begins in the middle of a bucket. `aligned`: at its start. */
  readonly window: 'sliding' | 'aligned';
  /** Are buckets without spend listed? */
  readonly zeroFilled: boolean;
  /** Length of `per_model`, which lists the top apps only. */
  readonly top: number;
}

export function windowOf(range: keyof typeof WINDOWS, now: Instant, style: BreakdownStyle): Range {
  const { lengthMs, bucketMs } = WINDOWS[range];
  const start = now - lengthMs;
  return { start: style.window === 'aligned' ? Math.floor(start / bucketMs) * bucketMs : start, end: now };
}

/** The answer to `GET /usage/breakdown`. The first bucket holds only what lies within the window, the last is open. */
export function breakdownOf(
  window: Range,
  bucketMs: number,
  rows: readonly InferenceShRow[],
  previous: readonly InferenceShRow[],
  style: BreakdownStyle,
): object {
  const apps = [...Map.groupBy(rows, (row) => row.app)].map(([app, own]) => ({
    app,
    calls: own.length,
    cost: costOf(own),
  }));
  apps.sort((a, b) => (b.cost > a.cost ? 1 : -1));
  const trend = trendOf(costOf(rows), costOf(previous), window, style.seed);
  return {
    timeseries: timeseriesOf(window, bucketMs, rows, style.zeroFilled),
    per_model: apps
      .slice(0, style.top)
      .map(({ app, calls, cost }) => ({ app_endpoint: app, call_count: calls, cost: counted(cost) })),
    models: apps.map(({ app }) => app).sort(),
    total_cost: counted(costOf(rows)),
    period_start: new Date(window.start).toISOString(),
    period_end: new Date(window.end).toISOString(),
    ...(trend !== undefined && { trend_percent: trend }),
  };
}

export function costOf(rows: readonly InferenceShRow[]): bigint {
  return rows.reduce((sum, row) => sum + row.microcents, 0n);
}

function timeseriesOf(
  window: Range,
  bucketMs: number,
  rows: readonly InferenceShRow[],
  zeroFilled: boolean,
): object[] {
  const buckets = Map.groupBy(rows, (row) => Math.floor(row.at / bucketMs) * bucketMs);
  const series: object[] = [];
  for (let start = Math.floor(window.start / bucketMs) * bucketMs; start < window.end; start += bucketMs) {
    const own = buckets.get(start);
    if (!own && !zeroFilled) continue;
    const apps = Map.groupBy(own ?? [], (row) => row.app);
    const date = bucketMs === DAY ? isoDay(start) : new Date(start).toISOString().replace('.000Z', 'Z');
    series.push({
      date,
      per_app: Object.fromEntries([...apps].map(([app, spend]) => [app, counted(costOf(spend))])),
    });
  }
  return series;
}

/** Percent to two places; absent without a previous period, and now and then where the period is under a day. */
function trendOf(cost: bigint, previous: bigint, { start, end }: Range, seed: number): number | undefined {
  const left = end - start < DAY && roll(seed, 80, Math.floor(end / MINUTE)) < 0.1;
  if (previous === 0n || left) return undefined;
  return Number(((cost - previous) * 10_000n) / previous) / 100;
}
