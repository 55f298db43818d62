import { METRICS } from '../../src/core/metrics/catalog.ts';
import { type Panel, type Step, USD } from './board.ts';
import { LEDGER } from './freshness.ts';
import type { Queries } from './promql.ts';
import { countedPerDay } from './spend.ts';

/** The id and width of a shared panel on one dashboard. */
interface Spot {
  readonly id: number;
  readonly width: number;
  /** Low when absent. */
  readonly height?: number;
}

const SHARE: readonly Step[] = [
  [null, 'green'],
  [0.8, 'orange'],
  [1, 'red'],
];
const RUNWAY: readonly Step[] = [
  [null, 'red'],
  [2, 'orange'],
  [7, 'green'],
];
/** A line or two. */
const LOW = 5;
const READ = 'Read every 5 to 30 minutes.';
const NO_RUNWAY = 'No balance, no spend, or the last 24 hours have not been read completely yet.';
const NO_BALANCE = 'No account has reported a prepaid balance yet; some providers have none.';

/** The elapsed share of a budget's period, from 0 to 1. */
export function elapsed({ latest }: Queries): string {
  const [start, end] = [latest(METRICS.budgetStart), latest(METRICS.budgetEnd)];
  return `(time() - ${start}) / (${end} - ${start})`;
}

/** Limit, spend, forecast and what remains of each budget. */
export function budgetTable(queries: Queries, { id, width }: Spot): Panel {
  const { latest } = queries;
  const [limit, spent] = [latest(METRICS.budgetLimit), latest(METRICS.budgetSpent)];
  const forecast = latest(METRICS.budgetForecast);
  const daysLeft = `((${latest(METRICS.budgetEnd)} - time()) / 86400)`;
  return {
    id,
    kind: 'table',
    title: 'Budgets',
    about: `Each budget in its current UTC period. A pace above 100 % means that money is spent faster than time passes. A budget shows no spend while data of one of its accounts is incomplete, and no forecast before 24 hours of data. Budgets may overlap: do not add them up. A pattern that matches no cost may be misspelt. ${LEDGER}`,
    unit: USD,
    width,
    labels: ['budget'],
    sortBy: 'Forecast share',
    queries: [
      { expr: limit, column: 'Limit' },
      { expr: spent, column: 'Spent' },
      { expr: `${spent} / ${limit}`, column: 'Used', unit: 'percentunit', steps: SHARE },
      {
        expr: `min by (budget) (${latest(METRICS.budgetThreshold)} > on (budget) group_left () (${spent} / ${limit}))`,
        column: 'Next alert',
        unit: 'percentunit',
      },
      { expr: forecast, column: 'Forecast' },
      { expr: `${forecast} / ${limit}`, column: 'Forecast share', unit: 'percentunit', steps: SHARE },
      { expr: elapsed(queries), column: 'Time elapsed', unit: 'percentunit' },
      { expr: `${spent} / (${limit} * ${elapsed(queries)})`, column: 'Pace', unit: 'percentunit' },
      { expr: `${limit} - ${spent}`, column: 'Remaining' },
      { expr: `(${limit} - ${spent}) / clamp_min(${daysLeft}, 1)`, column: 'Remaining per day' },
      { expr: `${latest(METRICS.budgetEnd)} * 1000`, column: 'Ends', unit: 'dateTimeFromNow' },
      {
        expr: latest(METRICS.budgetMatches),
        column: 'Patterns',
        unit: 'none',
        steps: [
          [null, 'orange'],
          [1, 'text'],
        ],
        states: { '0': ['match nothing', 'orange'], '1': ['match', 'text'] },
      },
    ],
    empty: 'No budget: add `budgets` to the configuration.',
  };
}

/** Days that balances last, as bars. */
export function runway({ latest, withAccount }: Queries, { id, width, height = LOW }: Spot): Panel {
  return {
    id,
    kind: 'gauge',
    title: 'Days of runway',
    height,
    about: `Days until the prepaid balance runs out at the net spend of the last 24 hours, excluding currencies that refill daily. Absent without spend or without a balance. ${READ}`,
    unit: 'none',
    width,
    queries: [{ expr: withAccount(`${latest(METRICS.runway)} / 86400`), legend: '{{provider}} {{who}}' }],
    steps: RUNWAY,
    decimals: 1,
    empty: NO_RUNWAY,
  };
}

/** Days that balances last, over time. */
export function runwayOverTime({ latest, withAccount }: Queries, { id, width }: Spot): Panel {
  return {
    id,
    kind: 'lines',
    title: 'Days of runway over time',
    about:
      'Days until the balance runs out at the net spend of the preceding 24 hours; more than 90 are drawn as 90. It jumps with each top-up and with a day of unusual spend.',
    unit: 'none',
    decimals: 1,
    width,
    queries: [
      {
        expr: withAccount(`clamp_max(${latest(METRICS.runway)} / 86400, 90)`),
        legend: '{{provider}} {{who}}',
      },
    ],
    empty: NO_RUNWAY,
  };
}

/** The current balance of each account. */
export function balance({ gauge, withAccount }: Queries, { id, width }: Spot): Panel {
  return {
    id,
    kind: 'stat',
    title: 'Balance',
    about: `Prepaid balance in US dollars, over all currencies. ${READ}`,
    unit: USD,
    width,
    queries: [{ expr: withAccount(gauge(METRICS.balance, ['provider', 'account'])), legend: '{{who}}' }],
    empty: NO_BALANCE,
  };
}

/** Balances and their runway, one row per currency. */
export function balanceTable({ latest, withAccount }: Queries, { id, width }: Spot): Panel {
  const days = `${latest(METRICS.runway)} / 86400`;
  const balance = latest(METRICS.balance);
  return {
    id,
    kind: 'table',
    title: 'Balances',
    about: `Prepaid balance by currency, in US dollars. Runway is that of the account: days at the net spend of the last 24 hours. ${READ}`,
    unit: USD,
    width,
    labels: ['provider', 'who', 'currency'],
    sortBy: 'Balance',
    queries: [
      { expr: withAccount(balance), column: 'Balance' },
      {
        expr: withAccount(`${balance} * 0 + on (provider, account) group_left () ${days}`),
        column: 'Days of runway',
        unit: 'none',
        decimals: 1,
        steps: RUNWAY,
      },
    ],
    empty: NO_BALANCE,
  };
}

/** Balances over time. */
export function balances({ latest, withAccount }: Queries, { id, width }: Spot): Panel {
  return {
    id,
    kind: 'lines',
    title: 'Balance by currency',
    about: `Prepaid balance in US dollars by currency, as reported by the provider. ${READ}`,
    unit: USD,
    width,
    queries: [{ expr: withAccount(latest(METRICS.balance)), legend: '{{who}} {{currency}}' }],
    empty: NO_BALANCE,
  };
}

/** Purchases of balance. */
export function topUps(queries: Queries, { id, width }: Spot): Panel {
  return {
    ...countedPerDay(queries, METRICS.topUps, {
      id,
      title: 'Top-ups per day',
      by: ['provider', 'account', 'currency'],
      legend: '{{provider}} {{who}} {{currency}}',
      about:
        'Balance purchased in US dollars, net of refunds. Purchases appear with the bill, within minutes.',
      unit: USD,
      empty: 'No top-up in the selected time range; not every provider reports them.',
    }),
    width,
  };
}

/** Whether the provider accepts requests on the current balance. */
export function canConsume({ latest, withAccount }: Queries, { id, width }: Spot): Panel {
  return {
    id,
    kind: 'timeline',
    title: 'Balance is sufficient',
    height: LOW,
    about:
      'Whether the provider reports that the balance is sufficient for further requests. Read every 5 minutes.',
    unit: 'none',
    width,
    queries: [{ expr: withAccount(latest(METRICS.canConsume)), legend: '{{provider}} {{who}}' }],
    states: { '0': ['insufficient', 'red'], '1': ['sufficient', 'green'] },
    empty: 'No provider has said so yet; only Venice.ai does.',
  };
}
