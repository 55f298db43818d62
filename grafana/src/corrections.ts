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

/** Charges before what was taken back. */
function charged(by: readonly string[]): string {
  return `(${net(METRICS.cost, by, RANGE)} + ${corrected(METRICS.cost, by, RANGE)})`;
}

const stats: readonly Panel[] = [
  {
    id: 1,
    kind: 'stat',
    title: 'Taken back',
    about: about(
      'US dollars by which later statements lowered charges in the time shown: refunds and restatements.',
    ),
    unit: 'currencyUSD',
    width: 6,
    queries: [{ expr: corrected(METRICS.cost, [], RANGE) }],
    empty: 'no data',
  },
  {
    id: 2,
    kind: 'stat',
    title: 'Share of charges taken back',
    about: about('Of what was charged in the time shown.'),
    unit: 'percentunit',
    width: 6,
    queries: [{ expr: `${corrected(METRICS.cost, [], RANGE)} / (${charged([])} > 0)` }],
    empty: 'no charge',
  },
  {
    id: 3,
    kind: 'stat',
    title: 'Largest disagreement',
    about:
      "The largest difference, up or down, between a provider's total and its rows. As of the last poll of each feed.",
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
    about: `Kinds of unknown fields, values or shapes that answers of each feed have had since the exporter started. ${LIVE}`,
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
  title: 'Taken back per day',
  about: about(`US dollars a day by which charges were lowered. ${BARS}`),
  unit: 'currencyUSD',
  width: 12,
  queries: [{ expr: corrected(METRICS.cost, ACCOUNT, DAILY), legend: BY_ACCOUNT }],
};

const resources: Panel = {
  id: 6,
  kind: 'table',
  title: 'What was taken back',
  about: about(
    'The fifty largest in the time shown, with the net that remains of the same time. A negative net was charged before.',
  ),
  unit: 'currencyUSD',
  width: 12,
  labels: ['provider', 'account', 'name', 'model', 'resource'],
  sortBy: 'Taken back',
  queries: takenBack(),
};

function takenBack() {
  const by = [...RESOURCE, 'model'];
  const info = of(METRICS.resourceInfo);
  const largest = `topk(50, ${corrected(METRICS.cost, by, RANGE)} > 0)`;
  const rest = `${net(METRICS.cost, by, RANGE)} and on (${by.join(', ')}) ${largest}`;
  return [
    { expr: named(largest, info), column: 'Taken back' },
    { expr: named(rest, info), column: 'Net' },
  ];
}

function lowered(id: number, title: string, metric: Metric, by: readonly string[]): Panel {
  return {
    id,
    kind: 'bars',
    every: '1d',
    title,
    about: about(`What later statements took back of the count. ${BARS}`),
    unit: 'short',
    width: 8,
    queries: [{ expr: corrected(metric, by, DAILY), legend: by.map((label) => `{{${label}}}`).join(' ') }],
  };
}

const differences: Panel = {
  id: 11,
  kind: 'table',
  title: 'Differences now',
  about:
    "The provider's own total less the sum of the rows it listed, by feed. As of the last poll of the feed that compares.",
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
    `Amounts in their own currency that no configured rate turns into US dollars: they are in no figure of dollars. ${BARS}`,
  ),
  unit: 'none',
  width: 12,
  queries: [
    {
      expr: net(METRICS.unconverted, [...ACCOUNT, 'currency'], DAILY),
      legend: '{{provider}} {{account}} {{currency}}',
    },
  ],
  empty: 'everything is converted',
};

const topUpsTaken: Panel = {
  id: 14,
  kind: 'bars',
  every: '1d',
  title: 'Top-ups taken back',
  about: about(`US dollars by which purchases of balance were lowered. ${BARS}`),
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
  about: `What answers held that is not documented, in the time that ends where a bar stands. The bill is read all the same. ${LIVE}`,
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

/** What bills took back, and where sums disagree. */
export const corrections: Board = {
  uid: 'ai-billing-corrections',
  title: 'AI billing / Corrections and reconciliation',
  about:
    'Refunds and restatements, totals against rows, amounts without a rate, and answers that changed their form.',
  variables,
  back: '30d',
  rows: [
    { title: 'In the time shown', panels: stats },
    { title: 'Corrections', panels: [perDay, resources] },
    {
      title: 'Corrections of counts',
      panels: [
        lowered(7, 'Tokens taken back', METRICS.tokens, ['provider', 'token_type']),
        lowered(8, 'Requests taken back', METRICS.requests, ACCOUNT),
        lowered(9, 'Billed seconds taken back', METRICS.billedSeconds, ACCOUNT),
      ],
    },
    { title: 'Reconciliation', panels: [reconciliation(queries, { id: 10, width: 12 }), differences] },
    {
      title: 'Money beside the bill',
      panels: [unconverted, topUps(queries, { id: 13, width: 12 }), topUpsTaken, drift],
    },
  ],
};
