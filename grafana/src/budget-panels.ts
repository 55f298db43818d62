import { METRICS } from '../../src/core/metrics/catalog.ts';
import type { Panel, Step } from './board.ts';
import { LEDGER } from './freshness.ts';
import type { Queries } from './promql.ts';

/** The id and width of a shared panel on one dashboard. */
interface Spot {
  readonly id: number;
  readonly width: number;
}

const SHARE: readonly Step[] = [
  [null, 'green'],
  [0.8, 'yellow'],
  [1, 'red'],
];

/** The elapsed share of a budget's period, from 0 to 1. */
export function elapsed({ latest }: Queries): string {
  const [start, end] = [latest(METRICS.budgetStart), latest(METRICS.budgetEnd)];
  return `(time() - ${start}) / (${end} - ${start})`;
}

/** Limit, spend and forecast of each budget. */
export function budgetTable(queries: Queries, { id, width }: Spot): Panel {
  const limit = queries.latest(METRICS.budgetLimit);
  const spent = queries.latest(METRICS.budgetSpent);
  return {
    id,
    kind: 'table',
    title: 'Budgets',
    about: `Each budget in its current UTC period. A pace above 100 % means that money is spent faster than time passes. A budget shows no spend while data of one of its accounts is incomplete. Budgets may overlap: do not add them up. ${LEDGER}`,
    unit: 'currencyUSD',
    width,
    labels: ['budget'],
    sortBy: 'Used',
    queries: [
      { expr: limit, column: 'Limit' },
      { expr: spent, column: 'Spent' },
      { expr: queries.latest(METRICS.budgetForecast), column: 'Forecast' },
      { expr: `${spent} / ${limit}`, column: 'Used', unit: 'percentunit' },
      {
        expr: `min by (budget) (${queries.latest(METRICS.budgetThreshold)} > on (budget) group_left () (${spent} / ${limit}))`,
        column: 'Next alert',
        unit: 'percentunit',
      },
      { expr: elapsed(queries), column: 'Time elapsed', unit: 'percentunit' },
      { expr: `${spent} / (${limit} * ${elapsed(queries)})`, column: 'Pace', unit: 'percentunit' },
      { expr: `${queries.latest(METRICS.budgetEnd)} * 1000`, column: 'Ends', unit: 'dateTimeFromNow' },
    ],
    empty: 'no budget',
  };
}

/** The used or forecast share of each budget. */
export function budgetShare(queries: Queries, shown: Spot & { title: string; forecast: boolean }): Panel {
  const { forecast, ...spot } = shown;
  const amount = queries.latest(forecast ? METRICS.budgetForecast : METRICS.budgetSpent);
  return {
    ...spot,
    kind: 'gauge',
    about: `${forecast ? 'Forecast for the end of the period' : 'Spend so far'}, as a share of the limit. ${LEDGER}`,
    unit: 'percentunit',
    queries: [{ expr: `${amount} / ${queries.latest(METRICS.budgetLimit)}`, legend: '{{budget}}' }],
    steps: SHARE,
    empty: forecast ? 'no forecast yet' : 'no budget',
  };
}

/** How long balances last. */
export function runway({ latest }: Queries, { id, width }: Spot): Panel {
  return {
    id,
    kind: 'gauge',
    title: 'Runway',
    about:
      'Days until the prepaid balance runs out at the net spend of the last 24 hours, excluding currencies that refill daily. Absent without spend or without a balance. Balances are read every 5 to 30 minutes.',
    unit: 'd',
    width,
    queries: [{ expr: `${latest(METRICS.runway)} / 86400`, legend: '{{provider}} {{account}}' }],
    steps: [
      [null, 'red'],
      [2, 'orange'],
      [7, 'green'],
    ],
    decimals: 1,
    empty: 'no balance',
  };
}

/** The current balance of each account. */
export function balance({ gauge }: Queries, { id, width }: Spot): Panel {
  return {
    id,
    kind: 'stat',
    title: 'Balance',
    about: 'Prepaid balance of each account in US dollars, over all currencies. Read every 5 to 30 minutes.',
    unit: 'currencyUSD',
    width,
    queries: [{ expr: gauge(METRICS.balance, ['provider', 'account']), legend: '{{account}}' }],
    empty: 'no balance',
  };
}

/** Balances over time. */
export function balances({ latest }: Queries, { id, width }: Spot): Panel {
  return {
    id,
    kind: 'lines',
    title: 'Balance by currency',
    about:
      'Prepaid balance in US dollars by currency, as reported by the provider. Read every 5 to 30 minutes.',
    unit: 'currencyUSD',
    width,
    queries: [{ expr: latest(METRICS.balance), legend: '{{provider}} {{account}} {{currency}}' }],
  };
}

/** Purchases of balance. */
export function topUps({ net }: Queries, { id, width }: Spot): Panel {
  return {
    id,
    kind: 'bars',
    every: '1d',
    title: 'Top-ups',
    about:
      'Balance purchased in US dollars, net of refunds. Each bar covers the time that ends at its position: one UTC day or longer. Purchases appear with the bill, within minutes.',
    unit: 'currencyUSD',
    width,
    queries: [
      {
        expr: net(METRICS.topUps, ['provider', 'account', 'currency'], { range: '$__interval' }),
        legend: '{{provider}} {{account}} {{currency}}',
      },
    ],
  };
}

/** Whether the provider accepts requests on the current balance. */
export function canConsume({ latest }: Queries, { id, width }: Spot): Panel {
  return {
    id,
    kind: 'timeline',
    title: 'Balance is sufficient',
    about:
      'Whether the provider reports that the balance is sufficient for further requests. Read every 5 minutes.',
    unit: 'none',
    width,
    queries: [{ expr: latest(METRICS.canConsume), legend: '{{provider}} {{account}}' }],
    states: { '0': ['insufficient', 'red'], '1': ['sufficient', 'green'] },
  };
}
