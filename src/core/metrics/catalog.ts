import type { Metric } from '../statement/metric.ts';
import { OBSERVATION_METRICS } from '../statement/observation-metrics.ts';
import { EXPORTER_METRICS } from './catalog-exporter.ts';
import { LEDGER_METRICS } from './catalog-ledger.ts';

/**
 * The metric catalogue: every exported family with its labels and help. `docs/metrics.md` is generated from it, and dashboards and rules
 * are checked against it. Names, types and labels are public API: additions are free, renames are deprecations.
 */
export const METRICS = {
  ...LEDGER_METRICS,
  ...OBSERVATION_METRICS,
  ...EXPORTER_METRICS,
} as const satisfies Record<string, Metric>;

export type MetricKey = keyof typeof METRICS;

export type { Metric, MetricType } from '../statement/metric.ts';
