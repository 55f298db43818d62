import type { CostsAccount } from '../core/reports/labels.ts';
import type { Metric } from '../core/statement/metric.ts';
import type { Fixed } from '../core/values/money.ts';
import type { Instant, Range } from '../core/values/time.ts';

export interface HistoryQuestion {
  readonly accounts: readonly CostsAccount[];
  readonly from: Instant;
  readonly to: Instant;
  readonly baselines?: unknown;
}
export interface History {
  readonly families: readonly HistoryFamily[];
}
export interface HistoryFamily {
  readonly metric: Metric;
  samples(part: Range): Generator<HistoryTick | undefined>;
}
export interface HistoryTick {
  readonly at: Instant;
  readonly samples: readonly HistorySample[];
}
export interface HistorySample {
  readonly series: HistorySeries;
  readonly value: Fixed;
}
export interface HistorySeries {
  readonly labels: readonly (readonly [name: string, value: string])[];
}
