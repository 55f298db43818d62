import { METRICS } from '../../src/core/metrics/catalog.ts';
import { type Panel, USD } from './board.ts';
import type { Queries } from './promql.ts';

/** Differences between providers' totals and their line items, over time. */
export function reconciliation(
  { latest, withAccount }: Queries,
  { id, width }: { id: number; width: number },
): Panel {
  return {
    id,
    kind: 'lines',
    title: 'Reconciliation by feed',
    about:
      "The provider's own total minus the sum of its line items. They disagree if it is not 0; /api/v1/status names the total. As of the last poll of the feed that compares.",
    unit: USD,
    width,
    queries: [{ expr: withAccount(latest(METRICS.reconciliation)), legend: '{{provider}} {{who}} {{feed}}' }],
    empty: 'Nothing was compared yet; some totals are only compared an hour after the start.',
  };
}
