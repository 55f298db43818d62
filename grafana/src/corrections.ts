import { METRICS, type Metric } from '../../src/core/metrics/catalog.ts';
import type { Board, Panel, Variable } from './board.ts';
import { topUps } from './budget-panels.ts';
import { COUNTED, LEDGER, LIVE } from './freshness.ts';
import { named, queriesOf, RESOURCE } from './promql.ts';
import { reconciliation } from './reconciliation-panels.ts';
import { BARS, DAILY } from './spend.ts';

const variables: readonly Variable[] = ['provider', 'account', 'model', 'resource'];
const queries = queriesOf({ variables });
const { net, corrected, latest, of } = queries;
const ACCOUNT = ['provider', 'account'];
const RANGE = { range: '$__range' };
const BY_ACCOUNT = '{{provider}} {{account}}';
const about = (what: string) => `${what} ${COUNTED} ${LEDGER}`;

/** Charges before corrections. */
function charged(by: readonly string[]): string {
  return `(${net(METRICS.cost, by, RANGE)} + ${corrected(METRICS.cost, by, RANGE)})`;
}

const stats: readonly Panel[] = [
  {
    id: 1,
    kind: 'stat',
    title: 'Corrections',
    about: about('US dollars taken back in the selected time range: refunds and restatements.'),
    unit: 'currencyUSD',
    width: 6,
    queries: [{ expr: corrected(METRICS.cost, [], RANGE) }],
    empty: 'no data',
  },
  {
    id: 2,
    kind: 'stat',
    title: 'Corrections as a share of charges',
    about: about('Share of the charges in the selected time range.'),
    unit: 'percentunit',
    width: 6,
    queries: [{ expr: `${corrected(METRICS.cost, [], RANGE)} / (${charged([])} > 0)` }],
    empty: 'no charges',
  },
  {
    id: 3,
    kind: 'stat',
    title: 'Largest reconciliation difference',
    about:
      "Largest difference, in either direction, between a provider's total and its line items. As of the last poll of each feed.",
    unit: 'currencyUSD',
    width: 6,
    queries: [{ expr: `max(abs(${latest(METRICS.reconciliation)}))` }],
    steps: [
      [null, 'green'],
      [0.01, 'yellow'],
      [1, 'red'],
    ],
    empty: 'nothing compared',
  },
  {
    id: 4,
    kind: 'stat',
    title: 'Kinds of contract drift',
    about: `Kinds of undocumented fields, values or shapes in the responses of each feed since the exporter started. ${LIVE}`,
    unit: 'short',
    width: 6,
    queries: [
      { expr: `count(${net(METRICS.contractDrift, ['provider', 'account', 'feed', 'kind'], RANGE)} > 0)` },
    ],
    steps: [
      [null, 'green'],
      [1, 'yellow'],
    ],
    empty: 'none',
  },
];

const perDay: Panel = {
  id: 5,
  kind: 'bars',
  every: '1d',
  title: 'Corrections per day',
  about: about(`US dollars per day taken back from earlier charges. ${BARS}`),
  unit: 'currencyUSD',
  width: 12,
  queries: [{ expr: corrected(METRICS.cost, ACCOUNT, DAILY), legend: BY_ACCOUNT }],
};

const resources: Panel = {
  id: 6,
  kind: 'table',
  title: 'Top corrections',
  about: about(
    'The 50 largest corrections in the selected time range, and the net cost in the same range. A negative net means that the charge is older than the range.',
  ),
  unit: 'currencyUSD',
  width: 12,
  labels: ['provider', 'account', 'name', 'model', 'resource'],
  sortBy: 'Correction',
  queries: takenBack(),
};

function takenBack() {
  const by = [...RESOURCE, 'model'];
  const info = of(METRICS.resourceInfo);
  const largest = `topk(50, ${corrected(METRICS.cost, by, RANGE)} > 0)`;
  const rest = `${net(METRICS.cost, by, RANGE)} and on (${by.join(', ')}) ${largest}`;
  return [
    { expr: named(largest, info), column: 'Correction' },
    { expr: named(rest, info), column: 'Net' },
  ];
}

function lowered(id: number, title: string, metric: Metric, by: readonly string[]): Panel {
  return {
    id,
    kind: 'bars',
    every: '1d',
    title,
    about: about(`Usage taken back from earlier counts. ${BARS}`),
    unit: 'short',
    width: 8,
    queries: [{ expr: corrected(metric, by, DAILY), legend: by.map((label) => `{{${label}}}`).join(' ') }],
  };
}

const differences: Panel = {
  id: 11,
  kind: 'table',
  title: 'Current differences',
  about:
    "The provider's own total minus the sum of its line items, by feed. As of the last poll of the feed that compares.",
  unit: 'currencyUSD',
  width: 12,
  labels: ['provider', 'account', 'feed'],
  sortBy: 'Difference',
  queries: [{ expr: latest(METRICS.reconciliation), column: 'Difference' }],
};

const unconverted: Panel = {
  id: 12,
  kind: 'bars',
  every: '1d',
  title: 'Unconverted amounts per day',
  about: about(
    `Amounts in a currency without a configured exchange rate. They are missing from all dollar figures. ${BARS}`,
  ),
  unit: 'none',
  width: 12,
  queries: [
    {
      expr: net(METRICS.unconverted, [...ACCOUNT, 'currency'], DAILY),
      legend: '{{provider}} {{account}} {{currency}}',
    },
  ],
  empty: 'all amounts converted',
};

const topUpsTaken: Panel = {
  id: 14,
  kind: 'bars',
  every: '1d',
  title: 'Top-up refunds',
  about: about(`US dollars of balance purchases taken back. ${BARS}`),
  unit: 'currencyUSD',
  width: 12,
  queries: [
    {
      expr: corrected(METRICS.topUps, [...ACCOUNT, 'currency'], DAILY),
      legend: '{{provider}} {{account}} {{currency}}',
    },
  ],
};

const drift: Panel = {
  id: 15,
  kind: 'bars',
  every: '6h',
  title: 'Contract drift by kind',
  about: `Undocumented content of responses. Each bar covers the time that ends at its position. The bill is read regardless. ${LIVE}`,
  unit: 'short',
  width: 12,
  queries: [
    {
      expr: `${net(METRICS.contractDrift, ['provider', 'account', 'feed', 'kind'], DAILY)} > 0`,
      legend: '{{provider}} {{account}} {{feed}} {{kind}}',
    },
  ],
  empty: 'no drift',
};

/** Corrections, and totals that disagree. */
export const corrections: Board = {
  uid: 'ai-billing-corrections',
  title: 'AI billing / Corrections and reconciliation',
  about:
    'Refunds and restatements, totals compared with line items, amounts without an exchange rate, and undocumented responses.',
  variables,
  back: '30d',
  rows: [
    { title: 'Selected time range', panels: stats },
    { title: 'Corrections', panels: [perDay, resources] },
    {
      title: 'Corrections of usage',
      panels: [
        lowered(7, 'Tokens taken back', METRICS.tokens, ['provider', 'token_type']),
        lowered(8, 'Requests taken back', METRICS.requests, ACCOUNT),
        lowered(9, 'Billed seconds taken back', METRICS.billedSeconds, ACCOUNT),
      ],
    },
    { title: 'Reconciliation', panels: [reconciliation(queries, { id: 10, width: 12 }), differences] },
    {
      title: 'Unconverted amounts, top-ups and drift',
      panels: [unconverted, topUps(queries, { id: 13, width: 12 }), topUpsTaken, drift],
    },
  ],
};
