import { METRICS } from '../../src/core/metrics/catalog.ts';
import type { Panel, Step } from './board.ts';
import { LEDGER } from './freshness.ts';
import type { Queries } from './promql.ts';

/** Where a panel that several dashboards have stands on this one. */
interface Spot {
  readonly id: number;
  readonly width: number;
}

const SHARE: readonly Step[] = [
  [null, 'green'],
  [0.8, 'yellow'],
  [1, 'red'],
];

/** How much of a budget's period is over, from 0 to 1. */
export function elapsed({ latest }: Queries): string {
  const [start, end] = [latest(METRICS.budgetStart), latest(METRICS.budgetEnd)];
  return `(time() - ${start}) / (${end} - ${start})`;
}

/** What each budget allows, has spent, and comes to. */
export function budgetTable(queries: Queries, { id, width }: Spot): Panel {
  const limit = queries.latest(METRICS.budgetLimit);
  const spent = queries.latest(METRICS.budgetSpent);
  return {
    id,
    kind: 'table',
    title: 'Budgets',
    about: `Each budget in its current UTC period. A pace above 100 % spends faster than the period passes. A budget over an account that was not read whole shows no spend. Budgets overlap: do not add them up. ${LEDGER}`,
    unit: 'currencyUSD',
    width,
    labels: ['budget'],
    sortBy: 'Used',
    queries: [
      { expr: limit, column: 'Limit' },
      { expr: spent, column: 'Spent' },
      { expr: queries.latest(METRICS.budgetForecast), column: 'Forecast' },
      { expr: `${spent} / ${limit}`, column: 'Used', unit: 'percentunit' },
      { expr: elapsed(queries), column: 'Time passed', unit: 'percentunit' },
      { expr: `${spent} / (${limit} * ${elapsed(queries)})`, column: 'Pace', unit: 'percentunit' },
      { expr: `${queries.latest(METRICS.budgetEnd)} * 1000`, column: 'Ends', unit: 'dateTimeFromNow' },
    ],
    empty: 'no budget',
  };
}

/** The share of each budget that is used, or will be. */
export function budgetShare(queries: Queries, shown: Spot & { title: string; forecast: boolean }): Panel {
  const { forecast, ...spot } = shown;
  const amount = queries.latest(forecast ? METRICS.budgetForecast : METRICS.budgetSpent);
  return {
    ...spot,
    kind: 'gauge',
    about: `${forecast ? 'What is expected at the end of the period' : 'What is spent'}, as a share of the limit. ${LEDGER}`,
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
      'Days that a prepaid balance lasts at the net spend of the last 24 hours, without what refills by itself. Absent without spend or without a balance. Balances are read every five to thirty minutes.',
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

/** What is left now, in all. */
export function balance({ gauge }: Queries, { id, width }: Spot): Panel {
  return {
    id,
    kind: 'stat',
    title: 'Balance',
    about:
      'Prepaid balance of each account in US dollars, whatever it is held in. As of the last poll of the balance, every five to thirty minutes.',
    unit: 'currencyUSD',
    width,
    queries: [{ expr: gauge(METRICS.balance, ['provider', 'account']), legend: '{{account}}' }],
    empty: 'no balance',
  };
}

/** What is left, over time. */
export function balances({ latest }: Queries, { id, width }: Spot): Panel {
  return {
    id,
    kind: 'lines',
    title: 'Balance by currency',
    about:
      'Prepaid balance in US dollars by what it is held in, as the provider gives it. Read every five to thirty minutes.',
    unit: 'currencyUSD',
    width,
    queries: [{ expr: latest(METRICS.balance), legend: '{{provider}} {{account}} {{currency}}' }],
  };
}

/** What was bought. */
export function topUps({ net }: Queries, { id, width }: Spot): Panel {
  return {
    id,
    kind: 'bars',
    every: '1d',
    title: 'Top-ups',
    about:
      'US dollars of balance purchased, less what was taken back. Each bar is the time that ends where it stands, a UTC day or longer. Purchases show with the bill, within minutes.',
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

/** May requests still be paid for? */
export function canConsume({ latest }: Queries, { id, width }: Spot): Panel {
  return {
    id,
    kind: 'timeline',
    title: 'Balance suffices',
    about:
      'Whether the provider says that the balance suffices for further requests. Read every five minutes.',
    unit: 'none',
    width,
    queries: [{ expr: latest(METRICS.canConsume), legend: '{{provider}} {{account}}' }],
    states: { '0': ['does not suffice', 'red'], '1': ['suffices', 'green'] },
  };
}
