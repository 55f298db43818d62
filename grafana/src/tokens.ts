import { METRICS } from '../../src/core/metrics/catalog.ts';
import { type Board, type Panel, PRICE, USD, type Variable } from './board.ts';
import { COUNTED, LEDGER } from './freshness.ts';
import { highest, orNone, queriesOf, SHOWN, type Window } from './promql.ts';
import { usagePerHour } from './rate.ts';

const variables: readonly Variable[] = ['provider', 'account', 'model', 'resource'];
const queries = queriesOf({ variables });
const { net } = queries;
const NO_USE =
  'Nothing of this kind was billed in the selected time range, as far as Prometheus recorded it.';
const SMOOTH: Window = { range: '6h' };
const RANGE: Window = { range: '$__range' };
/** Not by tier: some providers name it in tokens and in cost by different words. */
const SERIES = ['provider', 'account', 'model', 'resource'];
const MODEL = ['provider', 'model'];
const about = (what: string) => `${what} ${COUNTED} ${LEDGER}`;

/** Cost of label sets that have tokens, or requests: without them there is no price per token. */
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

/** Cached share of input tokens. The token types are disjoint. */
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
  empty: NO_USE,
});

const stats: readonly Panel[] = [
  stat(1, 'Tokens', 'short', net(METRICS.tokens, [], RANGE), 'Tokens billed in the time shown.'),
  stat(2, 'Cached share', 'percentunit', cachedShare([], RANGE), 'Share of input tokens read from a cache.'),
  stat(3, 'US dollars per million tokens', PRICE, perMillionTokens([], RANGE), 'For spend billed by token.'),
  stat(4, 'Requests', 'locale', net(METRICS.requests, [], RANGE), 'Requests billed in the time shown.'),
  stat(5, 'US dollars per request', PRICE, perRequest([], RANGE), 'Of what is billed with requests.'),
  stat(
    6,
    'Output per input token',
    'percentunit',
    `${net(METRICS.tokens, [], RANGE, { also: 'token_type="output"' })} / (${net(METRICS.tokens, [], RANGE, { also: 'token_type!="output"' })} > 0)`,
    'Output tokens per input token.',
  ),
];

const modelTokens = highest(10, MODEL, {
  ranked: net(METRICS.tokens, MODEL, SHOWN),
  all: usagePerHour(queries, METRICS.tokens, MODEL),
});

const byTime: readonly Panel[] = [
  {
    id: 7,
    kind: 'stack',
    title: 'Tokens per hour by type',
    about: about(
      'Tokens per hour. Each point covers the last six hours that were read. The types are disjoint: input excludes cached input.',
    ),
    unit: 'short',
    width: 12,
    empty: NO_USE,
    queries: [{ expr: usagePerHour(queries, METRICS.tokens, ['token_type']), legend: '{{token_type}}' }],
  },
  {
    id: 8,
    kind: 'stack',
    title: 'Tokens per hour by model',
    about: about(
      'Tokens per hour: the top ten models by tokens in the selected time range, and all others. Each point covers the last six hours that were read.',
    ),
    unit: 'short',
    width: 12,
    empty: NO_USE,
    queries: [
      { expr: orNone(modelTokens.top, ['model']), legend: '{{provider}} {{model}}' },
      { expr: modelTokens.others, legend: 'all others' },
    ],
  },
  {
    id: 9,
    kind: 'lines',
    title: 'US dollars per million tokens by model',
    about: about(
      'For spend billed by token: the top ten models by tokens. Each point covers the last six hours that were read. It changes with prices and with the mix of token types.',
    ),
    unit: PRICE,
    width: 12,
    empty: NO_USE,
    queries: [{ expr: onlyTop(perMillionTokens(MODEL, SMOOTH), 'tokens'), legend: '{{provider}} {{model}}' }],
  },
  {
    id: 10,
    kind: 'lines',
    title: 'Cached share by model',
    about: about(
      'Share of input tokens read from a cache. Each point covers the last six hours that were read. A drop makes the same requests more expensive.',
    ),
    unit: 'percentunit',
    width: 12,
    empty: NO_USE,
    queries: [{ expr: onlyTop(cachedShare(MODEL, SMOOTH), 'tokens'), legend: '{{provider}} {{model}}' }],
  },
  {
    id: 11,
    kind: 'stack',
    title: 'Requests per hour by provider',
    about: about(
      'Billed requests per hour. Each point covers the last six hours that were read. Not every provider counts requests.',
    ),
    unit: 'short',
    width: 12,
    empty: NO_USE,
    queries: [
      {
        expr: usagePerHour(queries, METRICS.requests, ['provider']),
        legend: '{{provider}}',
      },
    ],
  },
  {
    id: 12,
    kind: 'lines',
    title: 'US dollars per request by model',
    about: about(
      'For spend with counted requests: the top ten models by requests. Each point covers the last six hours that were read.',
    ),
    unit: PRICE,
    width: 12,
    empty: NO_USE,
    queries: [{ expr: onlyTop(perRequest(MODEL, SMOOTH), 'requests'), legend: '{{provider}} {{model}}' }],
  },
];

const table: Panel = {
  id: 13,
  kind: 'table',
  title: 'Models',
  about: about('Usage and cost of each model in the selected time range.'),
  unit: 'short',
  width: 24,
  labels: ['provider', 'model'],
  sortBy: 'Spent',
  empty: NO_USE,
  queries: [
    { expr: net(METRICS.tokens, MODEL, RANGE), column: 'Tokens' },
    { expr: cachedShare(MODEL, RANGE), column: 'Cached share', unit: 'percentunit' },
    { expr: net(METRICS.requests, MODEL, RANGE), column: 'Requests', unit: 'locale' },
    { expr: costOf('tokens', MODEL, RANGE), column: 'Spent', unit: USD },
    { expr: perMillionTokens(MODEL, RANGE), column: 'Per million tokens', unit: PRICE },
    { expr: perRequest(MODEL, RANGE), column: 'Per request', unit: PRICE },
  ],
};

/** Cost of tokens and requests. */
export const tokens: Board = {
  uid: 'ai-billing-tokens',
  title: 'AI billing / Tokens and efficiency',
  about: 'Tokens by type, cached share, and cost per million tokens and per request.',
  variables,
  back: '7d',
  rows: [
    { title: 'Selected time range', panels: stats },
    { title: 'Over time', panels: byTime },
    { title: 'By model', panels: [table] },
  ],
};
