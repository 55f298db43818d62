import { parser } from '@prometheus-io/lezer-promql';
import { METRICS, type Metric } from '../../../src/core/metrics/catalog.ts';

/** Labels by the name of a metric. */
export type Known = ReadonlyMap<string, readonly string[]>;

/** Labels that Prometheus puts on what it scrapes. */
const TARGET = ['job', 'instance'] as const;

/** Metrics of the exporter: the catalog, series of histograms, and the runtime metrics named here. */
export const EXPOSED: Known = new Map<string, readonly string[]>([
  ...Object.values<Metric>(METRICS).flatMap(seriesOf),
  ['up', TARGET],
  ['scrape_duration_seconds', TARGET],
  ['scrape_samples_scraped', TARGET],
  ['process_resident_memory_bytes', TARGET],
  ['process_cpu_seconds_total', TARGET],
  ['process_start_time_seconds', TARGET],
  ['nodejs_eventloop_lag_p99_seconds', TARGET],
  ['nodejs_heap_size_used_bytes', TARGET],
  ['ALERTS', [...TARGET, 'alertname', 'alertstate', 'severity']],
]);

function seriesOf({ name, corrections, type, labels }: Metric): [string, string[]][] {
  const own = [...labels, ...TARGET];
  if (type !== 'histogram')
    return [[name, own], ...(corrections ? [[corrections.name, own] as [string, string[]]] : [])];
  return [
    [`${name}_bucket`, [...own, 'le']],
    [`${name}_sum`, own],
    [`${name}_count`, own],
  ];
}

/** One selection of series in an expression. */
export interface Selection {
  readonly metric: string;
  /** The labels of its matchers. */
  readonly labels: readonly string[];
}

/** @throws {SyntaxError} if the expression is not PromQL. */
export function selectionsOf(expr: string): Selection[] {
  const found: Selection[] = [];
  const cursor = parser.parse(expr).cursor();
  do {
    const text = expr.slice(cursor.from, cursor.to);
    if (cursor.type.isError) throw new SyntaxError(`not PromQL near ${JSON.stringify(text)}: ${expr}`);
    if (cursor.name === 'VectorSelector') found.push(selectionOf(text));
  } while (cursor.next());
  return found;
}

function selectionOf(text: string): Selection {
  const labels: string[] = [];
  let metric = '';
  parser.parse(text).iterate({
    enter({ name, from, to, node }) {
      if (name === 'Identifier') metric = text.slice(from, to);
      if (name === 'LabelName' && node.parent?.name === 'UnquotedLabelMatcher')
        labels.push(text.slice(from, to));
    },
  });
  return { metric, labels };
}

/** Labels that an expression groups or joins by. */
export function groupingsOf(expr: string): string[] {
  const labels: string[] = [];
  parser.parse(expr).iterate({
    enter({ name, from, to, node }) {
      if (name === 'LabelName' && node.parent?.name === 'GroupingLabels') labels.push(expr.slice(from, to));
    },
  });
  return labels;
}

/**
 * Names in an expression that do not exist: metrics, labels of matchers, or grouping labels that none of its metrics has.
 * `made` are labels that the expression itself creates (`label_replace`, `count_values`).
 */
export function unknownNames(expr: string, known: Known = EXPOSED): string[] {
  const selections = selectionsOf(expr);
  const metrics = selections.flatMap(({ metric, labels }) => {
    const own = known.get(metric);
    if (!own) return [`the metric ${metric}`];
    return labels.filter((label) => !own.includes(label)).map((label) => `${metric}{${label}}`);
  });
  const made = [...expr.matchAll(/label_(?:replace|join)\([\s\S]*?,\s*"(\w+)"/g)].map(
    ([, label = '']) => label,
  );
  const counted = [...expr.matchAll(/count_values\("(\w+)"/g)].map(([, label = '']) => label);
  const all = new Set([...selections.flatMap(({ metric }) => known.get(metric) ?? []), ...made, ...counted]);
  const groupings = groupingsOf(expr).filter((label) => !all.has(label));
  return [...metrics, ...groupings.map((label) => `the label ${label}`)];
}
