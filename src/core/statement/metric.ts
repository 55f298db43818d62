export type MetricType = 'counter' | 'gauge' | 'histogram';

export interface Metric {
  readonly name: string;
  readonly type: MetricType;
  readonly help: string;
  readonly labels: readonly string[];
  /** The counter of downward deltas that is always exposed with this one. */
  readonly corrections?: { readonly name: string; readonly help: string };
  /** May the values of one instant be added up over its labels? */
  readonly summable: boolean;
  /** `ledger` and `feed` families are rendered once a snapshot, `exporter` ones live. */
  readonly source: 'ledger' | 'feed' | 'exporter';
}

/** Labels of every cost and usage family; an absent one is `""`. */
export const CORE = ['provider', 'account', 'resource', 'model', 'tier'] as const;
export const ACCOUNT = ['provider', 'account'] as const;
export const FEED = ['provider', 'account', 'feed'] as const;

export function counter(
  name: string,
  labels: readonly string[],
  help: string,
  correctionsName: string,
  correctionsHelp: string,
): Metric {
  const corrections = { name: correctionsName, help: correctionsHelp };
  return { name, type: 'counter', labels, help, corrections, summable: true, source: 'ledger' };
}

export function ledgerGauge(name: string, labels: readonly string[], help: string, summable = true): Metric {
  return { name, type: 'gauge', labels, help, summable, source: 'ledger' };
}

export function feedGauge(name: string, labels: readonly string[], help: string, summable = true): Metric {
  return { name, type: 'gauge', labels, help, summable, source: 'feed' };
}

/** Counters and histograms may be summed over their labels, gauges may not. */
export function exporterMetric(
  type: MetricType,
  name: string,
  labels: readonly string[],
  help: string,
  source: Metric['source'] = 'exporter',
): Metric {
  return { name, type, labels, help, summable: type !== 'gauge', source };
}
