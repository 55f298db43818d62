import { METRICS } from '../../src/core/metrics/catalog.ts';
import type { Board, Panel, Unit, Variable } from './board.ts';
import { dataAge, feedStates } from './feed-panels.ts';
import { LIVE } from './freshness.ts';
import { queriesOf } from './promql.ts';

const variables: readonly Variable[] = ['provider', 'account'];
const queries = queriesOf({ variables });
const { net, latest, gauge, of, select } = queries;
const FEED = ['provider', 'account', 'feed'];
const BY_FEED = '{{provider}} {{account}} {{feed}}';
const BY_ACCOUNT = '{{provider}} {{account}}';
const HOUR = { range: '1h' };
const SMOOTH = { range: '6h' };

interface Drawn {
  readonly id: number;
  readonly title: string;
  readonly about: string;
  readonly unit: Unit;
  readonly expr: string;
  readonly legend: string;
  readonly width?: number;
}

function drawn(kind: 'lines' | 'stack' | 'bars', { expr, legend, about, width = 12, ...rest }: Drawn): Panel {
  return { ...rest, kind, width, about: `${about} ${LIVE}`, queries: [{ expr, legend }] };
}

const reachable: Panel = {
  id: 1,
  kind: 'timeline',
  title: 'Exporter',
  about: `Whether Prometheus could scrape the exporter. ${LIVE}`,
  unit: 'none',
  width: 12,
  queries: [{ expr: select('up', []), legend: '{{job}} {{instance}}' }],
  states: { '0': ['not reachable', 'red'], '1': ['scraped', 'green'] },
};

const build: Panel = {
  id: 2,
  kind: 'table',
  title: 'Builds',
  about: `The running builds and their start times. ${LIVE}`,
  unit: 'none',
  width: 12,
  labels: ['job', 'instance', 'version', 'revision', 'node_version'],
  sortBy: 'Started',
  queries: [
    {
      expr: `${of(METRICS.buildInfo)} * on (job, instance) group_left () (${select('process_start_time_seconds', [])} * 1000)`,
      column: 'Started',
      unit: 'dateTimeFromNow',
    },
  ],
};

const feedTable: Panel = {
  id: 5,
  kind: 'table',
  title: 'Feeds now',
  about: `When each feed last succeeded, and the continuous range of data read. Disabled feeds are not listed. ${LIVE}`,
  unit: 'dateTimeFromNow',
  width: 24,
  labels: FEED,
  sortBy: 'Last success',
  queries: [
    { expr: `min by (${FEED.join(', ')}) (${of(METRICS.up)})`, column: 'Up', unit: 'short' },
    { expr: `${latest(METRICS.lastSuccess)} * 1000`, column: 'Last success' },
    { expr: `min by (${FEED.join(', ')}) (${of(METRICS.dataFrom)}) * 1000`, column: 'Data from' },
    { expr: `${latest(METRICS.dataThrough)} * 1000`, column: 'Data through' },
    { expr: net(METRICS.pollFailures, FEED, { range: '$__range' }), column: 'Failed polls', unit: 'short' },
    { expr: net(METRICS.polls, FEED, { range: '$__range' }), column: 'Polls', unit: 'short' },
  ],
};

const feeds: readonly Panel[] = [
  drawn('lines', {
    id: 6,
    title: 'Time since the last success',
    about:
      'By feed. A sawtooth as high as the polling interval is normal; a line that keeps rising is a failing feed.',
    unit: 's',
    expr: `time() - ${latest(METRICS.lastSuccess)}`,
    legend: BY_FEED,
  }),
  drawn('stack', {
    id: 7,
    title: 'Failed polls by reason',
    about: 'In the hour before each point. For the reasons, see docs/errors.md.',
    unit: 'short',
    expr: `${net(METRICS.pollFailures, [...FEED, 'reason'], HOUR)} > 0`,
    legend: `${BY_FEED} {{reason}}`,
  }),
  drawn('lines', {
    id: 8,
    title: 'Poll duration',
    about: '95th percentile over the six hours before each point, by feed.',
    unit: 's',
    expr: `histogram_quantile(0.95, sum by (le, provider, account, feed) (increase(${select('ai_billing_poll_duration_seconds_bucket', FEED)}[6h])))`,
    legend: BY_FEED,
  }),
  drawn('stack', {
    id: 9,
    title: 'Polls per hour',
    about: 'In the hour before each point, by feed, including failed polls.',
    unit: 'short',
    expr: net(METRICS.polls, FEED, HOUR),
    legend: BY_FEED,
  }),
];

const api: readonly Panel[] = [
  drawn('stack', {
    id: 10,
    title: 'API requests by status',
    about: 'Requests in the hour before each point. An empty code means that no response arrived.',
    unit: 'short',
    expr: `${net(METRICS.apiRequests, ['provider', 'account', 'code'], HOUR)} > 0`,
    legend: `${BY_ACCOUNT} {{code}}`,
  }),
  drawn('lines', {
    id: 11,
    title: 'Rate limit remaining',
    about: "Requests left in the current window, by the provider's count or the exporter's own budget.",
    unit: 'short',
    expr: `min by (provider, account) (${of(METRICS.rateLimitRemaining)})`,
    legend: BY_ACCOUNT,
  }),
  drawn('stack', {
    id: 12,
    title: 'Retries',
    about: 'Requests repeated after an error, in the hour before each point.',
    unit: 'short',
    expr: net(METRICS.apiRetries, ['provider', 'account'], HOUR),
    legend: BY_ACCOUNT,
  }),
  drawn('stack', {
    id: 13,
    title: 'Contract drift',
    about: 'Undocumented responses in the six hours before each point.',
    unit: 'short',
    expr: `${net(METRICS.contractDrift, [...FEED, 'kind'], SMOOTH)} > 0`,
    legend: `${BY_FEED} {{kind}}`,
  }),
];

const series: readonly Panel[] = [
  drawn('stack', {
    id: 14,
    title: 'Series by account',
    about: 'Exported series. Beyond metrics.maxSeries, new label sets share one series.',
    unit: 'short',
    expr: gauge(METRICS.series, ['provider', 'account']),
    legend: BY_ACCOUNT,
  }),
  drawn('stack', {
    id: 15,
    title: 'Label sets in overflow',
    about:
      'Label sets that joined the overflow series in the six hours before each point. Totals stay exact.',
    unit: 'short',
    expr: net(METRICS.seriesFolded, ['provider', 'account'], SMOOTH),
    legend: BY_ACCOUNT,
  }),
];

const NO_RECEIVER = 'nothing is pushed';

const pushes: readonly Panel[] = [
  {
    id: 24,
    kind: 'timeline',
    title: 'Pushes',
    about: `Whether the last push to each OTLP receiver succeeded. ${LIVE}`,
    unit: 'none',
    width: 12,
    queries: [
      {
        expr: `min by (job, instance, receiver) (${of(METRICS.otlpUp)})`,
        legend: '{{instance}} {{receiver}}',
      },
    ],
    states: { '0': ['failing', 'red'], '1': ['taken', 'green'] },
    empty: NO_RECEIVER,
  },
  ...[
    drawn('lines', {
      id: 25,
      title: 'Time since the last push',
      about: 'Time since the last successful push to each receiver.',
      unit: 's',
      expr: `time() - max by (job, instance, receiver) (${of(METRICS.otlpLastSuccess)})`,
      legend: '{{instance}} {{receiver}}',
    }),
    drawn('stack', {
      id: 26,
      title: 'Points per hour',
      about: 'Data points accepted by receivers in the hour before each point.',
      unit: 'short',
      expr: net(METRICS.otlpPoints, ['receiver'], HOUR),
      legend: '{{receiver}}',
    }),
    drawn('stack', {
      id: 27,
      title: 'Points not delivered',
      about: 'Data points rejected or not delivered in the hour before each point, by reason.',
      unit: 'short',
      expr: `${net(METRICS.otlpUndelivered, ['receiver', 'reason'], HOUR)} > 0`,
      legend: '{{receiver}} {{reason}}',
    }),
    drawn('stack', {
      id: 29,
      title: 'Push retries',
      about: 'Requests to receivers repeated after an error, in the hour before each point.',
      unit: 'short',
      expr: net(METRICS.otlpRetries, ['receiver'], HOUR),
      legend: '{{receiver}}',
    }),
    drawn('lines', {
      id: 28,
      title: 'Push duration',
      about: '95th percentile over the hour before each point, by receiver.',
      unit: 's',
      expr: `histogram_quantile(0.95, sum by (le, receiver) (increase(${select('ai_billing_otlp_push_duration_seconds_bucket', ['receiver'])}[1h])))`,
      legend: '{{receiver}}',
    }),
  ].map((panel) => ({ ...panel, empty: NO_RECEIVER })),
];

/** A metric of the process, one series per process. */
function ofProcess(name: string, id: number, title: string, unit: Unit, about: string): Panel {
  return drawn('lines', {
    id,
    title,
    about,
    unit,
    width: 8,
    expr: select(name, []),
    legend: '{{job}} {{instance}}',
  });
}

const process: readonly Panel[] = [
  ofProcess('process_resident_memory_bytes', 16, 'Memory', 'bytes', 'Resident memory of the process.'),
  drawn('lines', {
    id: 17,
    title: 'CPU',
    about: 'Share of one core.',
    unit: 'percentunit',
    width: 8,
    expr: `rate(${select('process_cpu_seconds_total', [])}[$__rate_interval])`,
    legend: '{{job}} {{instance}}',
  }),
  ofProcess(
    'nodejs_eventloop_lag_p99_seconds',
    18,
    'Event loop delay',
    's',
    '99th percentile of the event loop delay.',
  ),
  ofProcess('nodejs_heap_size_used_bytes', 19, 'Heap', 'bytes', 'JavaScript heap in use.'),
  ofProcess(
    'scrape_duration_seconds',
    20,
    'Scrape duration',
    's',
    'How long Prometheus took to scrape the exporter.',
  ),
  ofProcess('scrape_samples_scraped', 21, 'Samples per scrape', 'short', 'Samples on the page.'),
];

const configuration: readonly Panel[] = [
  {
    id: 3,
    kind: 'stat',
    title: 'Failing feeds',
    about: `Feeds whose last poll failed. ${LIVE}`,
    unit: 'short',
    width: 12,
    queries: [{ expr: `count(min by (${FEED.join(', ')}) (${of(METRICS.up)}) == 0) or vector(0)` }],
    steps: [
      [null, 'green'],
      [1, 'red'],
    ],
  },
  {
    id: 4,
    kind: 'stat',
    title: 'Configuration',
    about: `When the configuration was last loaded, and whether that succeeded (1). ${LIVE}`,
    unit: 'dateTimeFromNow',
    width: 12,
    queries: [
      {
        expr: `max by (job, instance) (${of(METRICS.configReloadTime)}) * 1000 and on (job, instance) (${of(METRICS.configReloadOk)} == 1)`,
        legend: '{{job}} {{instance}}',
      },
    ],
    empty: 'the last load failed',
  },
];

/** Whether the figures are current and complete. */
export const health: Board = {
  uid: 'ai-billing-health',
  title: 'AI billing / Exporter health',
  about: 'Feeds and their freshness, provider APIs, and the exporter process.',
  variables,
  back: '24h',
  rows: [
    { title: 'Exporter', panels: [reachable, build, ...configuration] },
    { title: 'Feeds', panels: [feedStates(queries, 22), dataAge(queries, 23), feedTable, ...feeds] },
    { title: 'Provider APIs', panels: api },
    { title: 'Series', panels: series },
    { title: 'OpenTelemetry', panels: pushes },
    { title: 'Process', panels: process },
  ],
};
