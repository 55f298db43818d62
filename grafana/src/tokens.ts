import { METRICS } from '../../src/core/metrics/catalog.ts';
import type { Board, Panel, Variable } from './board.ts';
import { COUNTED, LEDGER } from './freshness.ts';
import { highest, queriesOf, SHOWN, type Window } from './promql.ts';

const variables: readonly Variable[] = ['provider', 'account', 'model', 'resource'];
const { net } = queriesOf({ variables });
const SMOOTH: Window = { range: '6h' };
const RANGE: Window = { range: '$__range' };
const SERIES = ['provider', 'account', 'model', 'resource', 'tier'];
const MODEL = ['provider', 'model'];
const about = (what: string) => `${what} ${COUNTED} ${LEDGER}`;

/** Dollars of what has tokens, or requests, at all: a price per token of what has none is no price. */
function costOf(measure: 'tokens' | 'requests', by: readonly string[], window: Window): string {
  const cost = net(METRICS.cost, SERIES, window);
  const used = `${net(METRICS[measure], SERIES, window)} > 0`;
  return `sum by (${by.join(', ')}) (${cost} and on (${SERIES.join(', ')}) (${used}))`;
}

function perMillionTokens(by: readonly string[], window: Window): string {
  return `1e6 * ${costOf('tokens', by, window)} / (${net(METRICS.tokens, by, window)} > 0)`;
}

function perRequest(by: readonly string[], window: Window): string {
  return `${costOf('requests', by, window)} / (${net(METRICS.requests, by, window)} > 0)`;
}

/** Of what went in. The token types are disjoint. */
function cachedShare(by: readonly string[], window: Window): string {
  const cached = net(METRICS.tokens, by, window, { also: 'token_type="cached_input"' });
  const input = net(METRICS.tokens, by, window, { also: 'token_type=~"input|cached_input|cache_write"' });
  return `${cached} / (${input} > 0)`;
}

const onlyTop = (expr: string, measure: 'tokens' | 'requests') =>
  `${expr} and on (${MODEL.join(', ')}) topk(10, ${net(METRICS[measure], MODEL, SHOWN)})`;

const stat = (id: number, title: string, unit: Panel['unit'], expr: string, what: string): Panel => ({
  id,
  kind: 'stat',
  title,
  about: about(what),
  unit,
  width: 4,
  queries: [{ expr }],
  empty: 'no data',
});

const stats: readonly Panel[] = [
  stat(1, 'Tokens', 'short', net(METRICS.tokens, [], RANGE), 'Tokens billed in the time shown.'),
  stat(
    2,
    'Cached share',
    'percentunit',
    cachedShare([], RANGE),
    'Tokens read from a cache, of those that went in.',
  ),
  stat(
    3,
    'US dollars per million tokens',
    'currencyUSD',
    perMillionTokens([], RANGE),
    'Of what is billed with tokens.',
  ),
  stat(4, 'Requests', 'short', net(METRICS.requests, [], RANGE), 'Requests billed in the time shown.'),
  stat(5, 'US dollars per request', 'currencyUSD', perRequest([], RANGE), 'Of what is billed with requests.'),
  stat(
    6,
    'Output per input',
    'percentunit',
    `${net(METRICS.tokens, [], RANGE, { also: 'token_type="output"' })} / (${net(METRICS.tokens, [], RANGE, { also: 'token_type!="output"' })} > 0)`,
    'Tokens that came out, for each that went in.',
  ),
];

const modelTokens = highest(10, MODEL, { at: (window) => net(METRICS.tokens, MODEL, window), over: SMOOTH });

const byTime: readonly Panel[] = [
  {
    id: 7,
    kind: 'stack',
    title: 'Tokens per hour by type',
    about: about(
      'Tokens an hour, each point over the six hours before it. The types are disjoint: input is without what was cached.',
    ),
    unit: 'short',
    width: 12,
    queries: [{ expr: `${net(METRICS.tokens, ['token_type'], SMOOTH)} / 6`, legend: '{{token_type}}' }],
  },
  {
    id: 8,
    kind: 'stack',
    title: 'Tokens per hour by model',
    about: about(
      'Tokens an hour, each point over the six hours before it: the ten models with most in the time shown, and all others.',
    ),
    unit: 'short',
    width: 12,
    queries: [
      { expr: `(${modelTokens.top}) / 6`, legend: '{{provider}} {{model}}' },
      { expr: `${modelTokens.others} / 6`, legend: 'all others' },
    ],
  },
  {
    id: 9,
    kind: 'lines',
    title: 'US dollars per million tokens by model',
    about: about(
      'Of what is billed with tokens, each point over the six hours before it, for the ten models with most tokens. It moves with prices and with the mix of token types.',
    ),
    unit: 'currencyUSD',
    width: 12,
    queries: [{ expr: onlyTop(perMillionTokens(MODEL, SMOOTH), 'tokens'), legend: '{{provider}} {{model}}' }],
  },
  {
    id: 10,
    kind: 'lines',
    title: 'Cached share by model',
    about: about(
      'Tokens read from a cache, of those that went in, each point over the six hours before it. A fall makes the same requests dearer.',
    ),
    unit: 'percentunit',
    width: 12,
    queries: [{ expr: onlyTop(cachedShare(MODEL, SMOOTH), 'tokens'), legend: '{{provider}} {{model}}' }],
  },
  {
    id: 11,
    kind: 'stack',
    title: 'Requests per hour by provider',
    about: about(
      'Requests billed an hour, each point over the six hours before it. Not every provider counts them.',
    ),
    unit: 'short',
    width: 12,
    queries: [
      {
        expr: `${net(METRICS.requests, ['provider', 'account'], SMOOTH)} / 6`,
        legend: '{{provider}} {{account}}',
      },
    ],
  },
  {
    id: 12,
    kind: 'lines',
    title: 'US dollars per request by model',
    about: about(
      'Of what is billed with requests, each point over the six hours before it, for the ten models with most requests.',
    ),
    unit: 'currencyUSD',
    width: 12,
    queries: [{ expr: onlyTop(perRequest(MODEL, SMOOTH), 'requests'), legend: '{{provider}} {{model}}' }],
  },
];

const table: Panel = {
  id: 13,
  kind: 'table',
  title: 'Models',
  about: about('What each model used and cost in the time shown.'),
  unit: 'short',
  width: 24,
  labels: ['provider', 'model'],
  sortBy: 'Spent',
  queries: [
    { expr: net(METRICS.tokens, MODEL, RANGE), column: 'Tokens' },
    { expr: cachedShare(MODEL, RANGE), column: 'Cached share', unit: 'percentunit' },
    { expr: net(METRICS.requests, MODEL, RANGE), column: 'Requests' },
    { expr: costOf('tokens', MODEL, RANGE), column: 'Spent', unit: 'currencyUSD' },
    { expr: perMillionTokens(MODEL, RANGE), column: 'Per million tokens', unit: 'currencyUSD' },
    { expr: perRequest(MODEL, RANGE), column: 'Per request', unit: 'currencyUSD' },
  ],
};

/** What tokens and requests cost. */
export const tokens: Board = {
  uid: 'ai-billing-tokens',
  title: 'AI billing / Tokens and efficiency',
  about: 'Tokens by type, how many were cached, and what a million of them or a request costs.',
  variables,
  back: '7d',
  rows: [
    { title: 'In the time shown', panels: stats },
    { title: 'Over time', panels: byTime },
    { title: 'By model', panels: [table] },
  ],
};
