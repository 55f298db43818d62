import type { Metric } from './metric.ts';
import { EXPORTER_METRICS } from './catalog-exporter.ts';
import { FEED_METRICS } from './catalog-provider.ts';
import { LEDGER_METRICS } from './catalog-ledger.ts';

/**
 * The catalogue: every family that is exposed, its labels and its help. `docs/metrics.md` is generated from it, dashboards and
 * rules are checked against it. Names, types and labels are public API: adding is free, renaming is a deprecation.
 */
export const METRICS = {
  ...LEDGER_METRICS,
  ...FEED_METRICS,
  ...EXPORTER_METRICS,
} as const satisfies Record<string, Metric>;

export type MetricKey = keyof typeof METRICS;

export type { Metric, MetricType } from './metric.ts';
