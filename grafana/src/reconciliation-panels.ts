import { METRICS } from '../../src/core/metrics/catalog.ts';
import type { Panel } from './board.ts';
import type { Queries } from './promql.ts';

/** Differences between providers' totals and their line items, over time. */
export function reconciliation({ latest }: Queries, { id, width }: { id: number; width: number }): Panel {
  return {
    id,
    kind: 'lines',
    title: 'Reconciliation by feed',
    about:
      "The provider's own total minus the sum of its line items. They disagree if it is not 0; /api/v1/status names the total. As of the last poll of the feed that compares.",
    unit: 'currencyUSD',
    width,
    queries: [{ expr: latest(METRICS.reconciliation), legend: '{{provider}} {{account}} {{feed}}' }],
  };
}
