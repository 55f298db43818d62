import { METRICS } from '../../src/core/metrics/catalog.ts';
import { type Panel, USD } from './board.ts';
import { type Queries, RESOURCE } from './promql.ts';

/** List prices of instance types, and of the deployments that run on them. */
export function pricePanels({ of, withAccount }: Queries): readonly Panel[] {
  const info = of(METRICS.resourceInfo);
  /** Prices belong to instance types, not to resources or models. */
  const price = `max by (provider, account, sku) (${of(METRICS.unitPrice, { also: 'tier="dedicated"', open: ['resource', 'model'] })})`;
  const prices: Panel = {
    id: 14,
    kind: 'table',
    title: 'List prices',
    about:
      'List price per hour of each instance type, before any discount of the account. Read every 6 hours.',
    unit: USD,
    width: 12,
    labels: ['who', 'sku'],
    sortBy: 'Per hour',
    queries: [{ expr: withAccount(`60 * ${price}`), column: 'Per hour' }],
    empty: 'List prices have not been read yet; they are read every 6 hours.',
  };

  const listed: Panel = {
    id: 15,
    kind: 'table',
    title: 'Deployments at list price',
    about:
      'List price per hour of each deployment. Deployments on several instance types, or on an unlisted one, are omitted. Prices are read every 6 hours, names with the bill.',
    unit: USD,
    width: 12,
    labels: ['who', 'name', 'instance_type'],
    sortBy: 'Per hour',
    empty: 'List prices have not been read yet, or no deployment has one.',
    queries: [
      {
        expr: withAccount(
          `60 * max by (provider, account, name, instance_type) (topk by (${RESOURCE.join(', ')}) (1, ${info}) * on (provider, account, instance_type) group_left () label_replace(${price}, "instance_type", "$1", "sku", "(.+)"))`,
        ),
        column: 'Per hour',
      },
    ],
  };
  return [prices, listed];
}
