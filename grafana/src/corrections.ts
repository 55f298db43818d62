import { METRICS, type Metric } from '../../src/core/metrics/catalog.ts';
import { type Board, type Panel, USD, type Variable } from './board.ts';
import { topUps } from './budget-panels.ts';
import { onDay } from './calendar.ts';
import { COUNTED, LEDGER, LIVE } from './freshness.ts';
import { queriesOf, RESOURCE } from './promql.ts';
import { reconciliation } from './reconciliation-panels.ts';
import { BARS, countedPerDay } from './spend.ts';

const variables: readonly Variable[] = ['provider', 'account', 'model', 'resource'];
const queries = queriesOf({ variables });
const { net, corrected, takenBack, latest, withAccount } = queries;
const ACCOUNT = ['provider', 'account'];
const RANGE = { range: '$__range' };
const NONE = 'Nothing was taken back in the selected time range, as far as Prometheus recorded it.';
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
    unit: USD,
    width: 6,
    queries: [{ expr: corrected(METRICS.cost, [], RANGE) }],
    empty: 'Appears with the second scrape.',
  },
  {
    id: 2,
    kind: 'stat',
    title: 'Corrections as a share of charges',
    about: about('Share of the charges in the selected time range.'),
    unit: 'percentunit',
    width: 6,
    queries: [{ expr: `${corrected(METRICS.cost, [], RANGE)} / (${charged([])} > 0)` }],
    empty: 'No charge in the selected time range.',
  },
  {
    id: 3,
    kind: 'stat',
    title: 'Largest reconciliation difference',
    about:
      "Largest difference, in either direction, between a provider's total and its line items. As of the last poll of each feed.",
    unit: USD,
    width: 6,
    queries: [{ expr: `max(abs(${latest(METRICS.reconciliation)}))` }],
    steps: [
      [null, 'green'],
      [0.01, 'yellow'],
      [1, 'red'],
    ],
    empty: 'Nothing was compared yet; some totals are only compared an hour after the start.',
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
    empty: 'None.',
  },
];

function takenBackPerDay(
  id: number,
  metric: Metric,
  by: readonly string[],
  shown: Pick<Panel, 'title' | 'about' | 'unit'>,
): Panel {
  return {
    id,
    kind: 'bars',
    every: '1d',
    width: 12,
    ...shown,
    about: `${shown.about} ${BARS} ${LEDGER}`,
    queries: [
      {
        expr: withAccount(`${onDay(takenBack(metric, by, '1d'))} != 0`),
        legend: by.map((label) => `{{${label === 'account' ? 'who' : label}}}`).join(' '),
      },
    ],
    empty: NONE,
  };
}

const perDay = takenBackPerDay(5, METRICS.cost, ACCOUNT, {
  title: 'Corrections per day',
  about: 'US dollars taken back from earlier charges.',
  unit: USD,
});

const resources: Panel = {
  id: 6,
  kind: 'table',
  title: 'Top corrections',
  about: about(
    'The 50 largest corrections in the selected time range, and the net cost in the same range. A negative net means that the charge is older than the range.',
  ),
  unit: USD,
  width: 12,
  labels: ['provider', 'who', 'what'],
  sortBy: 'Correction',
  queries: largest(),
  empty: NONE,
};

function largest() {
  const by = [...RESOURCE, 'model'];
  const top = `topk(50, ${corrected(METRICS.cost, by, RANGE)} > 0)`;
  const rest = `${net(METRICS.cost, by, RANGE)} and on (${by.join(', ')}) ${top}`;
  const shown = (expr: string) => withAccount(queries.described(expr));
  return [
    { expr: shown(top), column: 'Correction' },
    { expr: shown(rest), column: 'Net' },
  ];
}

function lowered(id: number, title: string, metric: Metric, by: readonly string[]): Panel {
  const what = { title, about: 'Usage taken back from earlier counts.', unit: 'short' } as const;
  return { ...takenBackPerDay(id, metric, by, what), width: 8 };
}

const differences: Panel = {
  id: 11,
  kind: 'table',
  title: 'Current differences',
  about:
    "The provider's own total minus the sum of its line items, by feed. As of the last poll of the feed that compares.",
  unit: USD,
  width: 12,
  labels: ['provider', 'who', 'feed'],
  sortBy: 'Difference',
  queries: [{ expr: withAccount(latest(METRICS.reconciliation)), column: 'Difference' }],
  empty: 'Nothing was compared yet; some totals are only compared an hour after the start.',
};

const unconverted = countedPerDay(queries, METRICS.unconverted, {
  id: 12,
  title: 'Unconverted amounts per day',
  by: [...ACCOUNT, 'currency'],
  legend: '{{provider}} {{who}} {{currency}}',
  about:
    'Amounts in a currency without a configured exchange rate. They are missing from all dollar figures.',
  unit: 'locale',
  empty: 'Every amount was converted to US dollars.',
});

const topUpsTaken = takenBackPerDay(14, METRICS.topUps, [...ACCOUNT, 'currency'], {
  title: 'Top-up refunds per day',
  about: 'US dollars of balance purchases taken back.',
  unit: USD,
});

const drift = countedPerDay(queries, METRICS.contractDrift, {
  id: 15,
  title: 'Contract drift per day',
  by: ['provider', 'account', 'feed', 'kind'],
  legend: '{{provider}} {{who}} {{feed}} {{kind}}',
  about: 'Undocumented content of responses, by kind. The bill is read regardless.',
  unit: 'locale',
  empty: 'Every response was as documented.',
});

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
      isCollapsed: true,
      panels: [
        lowered(7, 'Tokens taken back', METRICS.tokens, [...ACCOUNT, 'token_type']),
        lowered(8, 'Requests taken back', METRICS.requests, ACCOUNT),
        lowered(9, 'Billed seconds taken back', METRICS.billedSeconds, ACCOUNT),
      ],
    },
    { title: 'Reconciliation', panels: [reconciliation(queries, { id: 10, width: 12 }), differences] },
    {
      title: 'Unconverted amounts and drift',
      panels: [unconverted, drift],
    },
    {
      title: 'Top-ups',
      isCollapsed: true,
      panels: [topUps(queries, { id: 13, width: 12 }), topUpsTaken],
    },
  ],
};
