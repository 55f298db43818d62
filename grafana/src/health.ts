import { METRICS } from '../../src/core/metrics/catalog.ts';
import type { Board, Panel, Unit, Variable } from './board.ts';
import { onHour } from './calendar.ts';
import { feedRows } from './feed-panels.ts';
import { LIVE } from './freshness.ts';
import { drawn, NO_SCRAPE } from './health-panels.ts';
import { problems } from './problems.ts';
import { queriesOf } from './promql.ts';
import { pushPanels } from './push-panels.ts';

const variables: readonly Variable[] = ['provider', 'account'];
const queries = queriesOf({ variables });
const { gauge, grown, of, select, withAccount } = queries;
const FEED = ['provider', 'account', 'feed'];
const BY_ACCOUNT = '{{provider}} {{who}}';
const { feeds, api } = feedRows(queries);

const reachable: Panel = {
  id: 1,
  kind: 'timeline',
  title: 'Exporter',
  about: `Whether Prometheus could scrape the exporter. ${LIVE}`,
  unit: 'none',
  width: 12,
  queries: [{ expr: select('up', []), legend: '{{job}} {{instance}}' }],
  states: { '0': ['not reachable', 'red'], '1': ['scraped', 'green'] },
  empty: 'Prometheus has not scraped the exporter yet.',
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
  empty: NO_SCRAPE,
  queries: [
    {
      expr: `${of(METRICS.buildInfo)} * on (job, instance) group_left () (${select('process_start_time_seconds', [])} * 1000)`,
      column: 'Started',
      unit: 'dateTimeFromNow',
    },
  ],
};

const folded: Panel = {
  id: 15,
  kind: 'bars',
  every: '1h',
  title: 'Label sets in overflow per hour',
  about: `Label sets that joined the overflow series because the account had reached metrics.maxSeries. Totals stay exact. ${LIVE}`,
  unit: 'locale',
  width: 12,
  queries: [
    {
      expr: withAccount(`${onHour(grown(METRICS.seriesFolded, ['provider', 'account'], '1h'))} > 0`),
      legend: BY_ACCOUNT,
    },
  ],
  empty: 'No account has reached metrics.maxSeries.',
};

const series: readonly Panel[] = [
  drawn('stack', {
    id: 14,
    title: 'Series by account',
    about: 'Exported series. Beyond metrics.maxSeries, new label sets share one series.',
    unit: 'locale',
    expr: withAccount(gauge(METRICS.series, ['provider', 'account'])),
    legend: BY_ACCOUNT,
  }),
  folded,
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
  ofProcess('scrape_samples_scraped', 21, 'Samples per scrape', 'locale', 'Samples on the page.'),
];

const configuration: readonly Panel[] = [
  {
    id: 3,
    kind: 'stat',
    title: 'Failing feeds',
    about: `Feeds whose last poll failed. ${LIVE}`,
    unit: 'locale',
    width: 12,
    queries: [{ expr: `count(min by (${FEED.join(', ')}) (${of(METRICS.up)}) == 0) or vector(0)` }],
    steps: [
      [null, 'green'],
      [1, 'red'],
    ],
    empty: NO_SCRAPE,
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
    empty: 'The last load of the configuration failed, or no exporter is scraped.',
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
    { title: 'Exporter', panels: [problems(queries, { id: 30, width: 24 }), ...configuration] },
    { title: 'Feeds', panels: feeds },
    { title: 'Provider APIs', panels: api },
    { title: 'Series', panels: series },
    { title: 'Process', panels: [reachable, build, ...process] },
    { title: 'OpenTelemetry', isCollapsed: true, panels: pushPanels(queries) },
  ],
};
