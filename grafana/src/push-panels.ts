import { METRICS, type Metric } from '../../src/core/metrics/catalog.ts';
import type { Panel } from './board.ts';
import { onHour } from './calendar.ts';
import { LIVE } from './freshness.ts';
import { type Drawn, drawn, NO_SCRAPE } from './health-panels.ts';
import type { Queries } from './promql.ts';

const NO_RECEIVER = 'Nothing is pushed: add a receiver to the configuration, or ignore this row.';

/** Pushes to receivers of OpenTelemetry. */
export function pushPanels(queries: Queries): readonly Panel[] {
  const { of, select } = queries;
  return [
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
        title: 'Minutes since the last push',
        about: 'Time since the last successful push to each receiver.',
        unit: 'none',
        expr: `(time() - max by (job, instance, receiver) (${of(METRICS.otlpLastSuccess)})) / 60`,
        legend: '{{instance}} {{receiver}}',
      }),
      perHour(queries, METRICS.otlpPoints, ['receiver'], {
        id: 26,
        title: 'Points per hour',
        about: 'Data points accepted by receivers.',
        unit: 'locale',
        legend: '{{receiver}}',
      }),
      perHour(queries, METRICS.otlpUndelivered, ['receiver', 'reason'], {
        id: 27,
        title: 'Points not delivered per hour',
        about: 'Data points rejected or not delivered, by reason.',
        unit: 'locale',
        legend: '{{receiver}} {{reason}}',
      }),
      perHour(queries, METRICS.otlpRetries, ['receiver'], {
        id: 29,
        title: 'Push retries per hour',
        about: 'Requests to receivers repeated after an error.',
        unit: 'locale',
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
}

/** Growth of a counter of each process per hour. */
function perHour(
  { grown }: Queries,
  metric: Metric,
  by: readonly string[],
  shown: Omit<Drawn, 'expr'>,
): Panel {
  const ofProcess = { ...metric, labels: [...metric.labels, 'job', 'instance'] };
  const expr = `${onHour(grown(ofProcess, by, '1h'))} > 0`;
  const about = `${shown.about} Each bar is the UTC hour it stands on; the last one is this hour so far. ${LIVE}`;
  const { legend, ...rest } = shown;
  return {
    width: 12,
    empty: NO_SCRAPE,
    ...rest,
    kind: 'bars',
    every: '1h',
    about,
    queries: [{ expr, legend }],
  };
}
