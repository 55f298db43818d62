import { METRICS } from '../../src/core/metrics/catalog.ts';
import type { Panel } from './board.ts';
import type { Queries } from './promql.ts';

/** Where providers' totals and their rows disagree, over time. */
export function reconciliation({ latest }: Queries, { id, width }: { id: number; width: number }): Panel {
  return {
    id,
    kind: 'lines',
    title: 'Reconciliation by feed',
    about:
      "The provider's own total less the sum of the rows it listed. Above or below 0 they disagree; what was compared stands in the exporter's status. As of the last poll of the feed that compares.",
    unit: 'currencyUSD',
    width,
    queries: [{ expr: latest(METRICS.reconciliation), legend: '{{provider}} {{account}} {{feed}}' }],
  };
}
