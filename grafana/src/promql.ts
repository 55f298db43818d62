import { METRICS, type Metric } from '../../src/core/metrics/catalog.ts';
import type { Variable } from './board.ts';

/** The filters of every expression of a dashboard. */
export interface Scope {
  /** The provider of a single-provider dashboard. */
  readonly provider?: string;
  readonly variables: readonly Variable[];
}

/** Further filters of one expression. */
export interface Narrowing {
  /** Further matchers, such as `tier="paas"`. */
  readonly also?: string;
  /** Variables that do not apply to this metric's label of the same name. */
  readonly open?: readonly Variable[];
  /** How long ago, such as `30d`. */
  readonly shift?: string;
}

/** The range of an expression, such as `6h`, and an optional `@ end()`. */
export interface Window {
  readonly range: string;
  readonly at?: string;
}

/** The selected time range, from its end, regardless of the step. */
export const SHOWN: Window = { range: '$__range', at: ' @ end()' };

/** Builds the expressions of a dashboard. `labels` and `by` are the labels to keep. */
export type Queries = ReturnType<typeof queriesOf>;

export function queriesOf(scope: Scope) {
  const select = (name: string, labels: readonly string[], narrowing: Narrowing = {}) =>
    `${name}{${matchersOf(scope, labels, narrowing).join(', ')}}${narrowing.shift === undefined ? '' : ` offset ${narrowing.shift}`}`;

  const of = (metric: Metric, narrowing?: Narrowing) => select(metric.name, metric.labels, narrowing);

  /** A gauge that is deduplicated over exporters, then summed. */
  const gauge = (metric: Metric, by: readonly string[], narrowing?: Narrowing) =>
    summed(by, `max by (${metric.labels.join(', ')}) (${of(metric, narrowing)})`);

  /** A gauge that must not be summed. */
  const latest = (metric: Metric, by: readonly string[] = metric.labels, narrowing?: Narrowing) =>
    `max by (${by.join(', ')}) (${of(metric, narrowing)})`;

  const increase = (metric: Metric, { range, at = '' }: Window, narrowing?: Narrowing) => {
    const over = (name: string) => `increase(${select(name, metric.labels, narrowing)}[${range}]${at})`;
    return metric.corrections ? `${over(metric.name)} - ${over(metric.corrections.name)}` : over(metric.name);
  };

  /** The increase of a counter, net of corrections. */
  const net = (metric: Metric, by: readonly string[], window: Window, narrowing?: Narrowing) =>
    counted(metric, by, increase(metric, window, narrowing));

  /** The increase of the corrections alone. */
  const corrected = (metric: Metric, by: readonly string[], { range }: Window, narrowing?: Narrowing) =>
    counted(
      metric,
      by,
      `increase(${select(metric.corrections?.name ?? '', metric.labels, narrowing)}[${range}])`,
    );

  /** The growth of a counter, net of corrections, in the bucket that begins at the evaluation time: exact, see {@link grownBy}. */
  const grown = (metric: Metric, by: readonly string[], size: string, narrowing?: Narrowing) => {
    const of = (name: string) => grownBy(select(name, metric.labels, narrowing), metric.labels, size);
    const net = metric.corrections ? `${of(metric.name)} - ${of(metric.corrections.name)}` : of(metric.name);
    return summed(by, net);
  };

  /** The growth of the corrections alone. */
  const takenBack = (metric: Metric, by: readonly string[], size: string) =>
    summed(by, grownBy(select(metric.corrections?.name ?? '', metric.labels), metric.labels, size));

  /** Current names of resources, for panels of the past too: also where a step, or the end, is the midnight before today. What has none goes by its id. */
  const info = () => {
    const both = `label_join(last_over_time(${of(METRICS.resourceInfo)}${RECENT}), "both", ";", "name", "resource")`;
    return `label_replace(${both}, "name", "$1", "both", ";(.+)")`;
  };

  /** One name of each resource that had cost within a window; one without a name goes by its id. */
  const names = (window: string) => {
    const by = RESOURCE.join(', ');
    const spent = `group by (${by}) (last_over_time(${select('ai_billing_cost_corrections_usd_total', METRICS.cost.labels)}${window}))`;
    const unnamed = `label_replace(${spent} unless on (${by}) ${info()}, "name", "$1", "resource", "(.*)")`;
    return `topk by (${by}) (1, ${info()}) or ${unnamed}`;
  };

  /** Adds current names, and other properties, to resources that had cost in the selected time range. */
  const withNames = (expr: string, labels: readonly string[] = []) =>
    `(${expr}) * on (${RESOURCE.join(', ')}) group_left (${['name', ...labels].join(', ')}) (${names('[$__range] @ end()')})`;

  /** Adds the label `what`: the name of the resource, or the model of what has none. */
  const described = (expr: string, labels: readonly string[] = []) =>
    orNone(label(label(withNames(expr, labels), 'what', 'model'), 'what', 'name'), ['what']);

  /** Adds the label `who`: the account, if the provider has several. */
  const withAccount = (expr: string) => {
    const accounts = `group by (provider, account) (last_over_time(${of(METRICS.series)}${RECENT}))`;
    const several = `on (provider) (count by (provider) (${accounts}) > 1)`;
    const who = `label_replace(${accounts} and ${several}, "who", "$1", "account", "(.+)")`;
    return `(${expr}) * on (provider, account) group_left (who) (${who} or ${accounts} unless ${several})`;
  };

  return {
    provider: scope.provider,
    select,
    of,
    gauge,
    latest,
    net,
    corrected,
    grown,
    takenBack,
    info,
    withNames,
    described,
    withAccount,
  };
}

/** Charts of days end at the midnight before today. */
const RECENT = '[2d] @ end() offset -1d';

/**
 * The difference of two samples instead of `increase`: it does not extrapolate, so cents are exact and neighbouring buckets add up.
 *
 * The bucket lies after the evaluation time, because Grafana draws a value where it was evaluated. `max by` counts what is scraped twice
 * once, and bridges an exporter that returned under another address. A counter lower than before belongs to a new ledger that counts from
 * 0; without a sample before the bucket, growth counts from the first one in it.
 */
function grownBy(selection: string, labels: readonly string[], size: string): string {
  const by = labels.join(', ');
  const total = `max by (${by}) (last_over_time(${selection}[${size}] offset -${size}))`;
  const before = `max by (${by}) (last_over_time(${selection}[${size}]))`;
  const first = `min by (${by}) (min_over_time(${selection}[${size}] offset -${size}))`;
  return `(${total} - (${before} * (${total} >= bool ${before}) or ${first}))`;
}

function matchersOf({ provider, variables }: Scope, labels: readonly string[], narrowing: Narrowing) {
  const { also, open = [] } = narrowing;
  const isOpen = (variable: Variable) => open.includes(variable);
  return [
    'job=~"$job"',
    'instance=~"$instance"',
    ...(provider !== undefined && labels.includes('provider') ? [`provider="${provider}"`] : []),
    ...variables
      .filter((each) => labels.includes(each) && !isOpen(each))
      .map((each) => `${each}=~"$${each}"`),
    ...(also === undefined ? [] : [also]),
  ];
}

/**
 * Sums over the instances of a job, because a replaced pod continues under another name, and takes the maximum over jobs, because
 * they read the same bill.
 */
function counted({ labels }: Metric, by: readonly string[], increase: string): string {
  const account = ['provider', 'account'].filter((label) => labels.includes(label));
  const kept = [...new Set([...account, ...by])];
  const once = `max by (${kept.join(', ')}) (sum by (${['job', ...kept].join(', ')}) (${increase}))`;
  return kept.length === by.length ? once : summed(by, once);
}

export function summed(by: readonly string[], expr: string): string {
  return by.length === 0 ? `sum(${expr})` : `sum by (${by.join(', ')}) (${expr})`;
}

/** The top `count` series of a ranking, and the sum of the others. */
export function highest(
  count: number,
  by: readonly string[],
  { ranked, all }: { readonly ranked: string; readonly all: string },
): { readonly top: string; readonly others: string } {
  const matching = `on (${by.join(', ')}) topk(${count}, ${ranked})`;
  return { top: `(${all}) and ${matching}`, others: `sum((${all}) unless ${matching})` };
}

/** Labels with a name for nothing: `(no team)`. */
export function orNone(expr: string, labels: readonly string[]): string {
  const unnamed = labels.filter((label) => NOTHING[label] !== undefined);
  return unnamed.reduce(
    (inner, label) => `label_replace(${inner}, "${label}", "(${NOTHING[label]})", "${label}", "")`,
    expr,
  );
}

const NOTHING: Readonly<Record<string, string>> = {
  team: 'no team',
  project: 'no project',
  kind: 'no kind',
  model: 'no model',
  resource: 'no resource',
  name: 'no resource',
  what: 'no resource',
  tier: 'no tier',
  component: 'no component',
  token_type: 'no type',
};

/** The labels that identify a resource. */
export const RESOURCE = ['provider', 'account', 'resource'] as const;

/**
 * Adds the current names of resources to an expression with the labels of {@link RESOURCE}. `info` selects the names. A resource with
 * several names gets one of them; one without a name gets its id.
 */
export function named(expr: string, info: string, labels: readonly string[] = ['name']): string {
  const by = RESOURCE.join(', ');
  const join = `on (${by}) group_left (${labels.join(', ')}) topk by (${by}) (1, ${info})`;
  return `(${expr}) * ${join} or ${unnamed(expr, info)}`;
}

/** Copies a label, if it has a value. */
function label(expr: string, to: string, from: string): string {
  return `label_replace(${expr}, "${to}", "$1", "${from}", "(.+)")`;
}

function unnamed(expr: string, info: string): string {
  const rest = `(${expr}) unless on (${RESOURCE.join(', ')}) ${info}`;
  return `label_replace(${rest}, "name", "$1", "resource", "(.*)")`;
}
