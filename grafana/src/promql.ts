import type { Metric } from '../../src/core/metrics/catalog.ts';
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
    `${name}{${matchersOf(scope, labels, narrowing).join(', ')}}`;

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

  return { select, of, gauge, latest, net, corrected };
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

function summed(by: readonly string[], expr: string): string {
  return by.length === 0 ? `sum(${expr})` : `sum by (${by.join(', ')}) (${expr})`;
}

/** The top `count` series of the selected time range. `at` builds the expression for a window; `by` are its labels. */
export function highest(
  count: number,
  by: readonly string[],
  { at, over }: { readonly at: (window: Window) => string; readonly over: Window },
): { readonly top: string; readonly others: string } {
  const matching = `on (${by.join(', ')}) topk(${count}, ${at(SHOWN)})`;
  const all = at(over);
  return { top: `${all} and ${matching}`, others: `sum(${all} unless ${matching})` };
}

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

function unnamed(expr: string, info: string): string {
  const rest = `(${expr}) unless on (${RESOURCE.join(', ')}) ${info}`;
  return `label_replace(${rest}, "name", "$1", "resource", "(.*)")`;
}

/**
 * A window of one day as of the last UTC midnight, or `ago` days earlier: subquery steps are aligned to multiples of their length since
 * 1970.
 */
export function closedDay(dayEndingNow: string, ago = 0): string {
  return `last_over_time((${dayEndingNow})[1d:1d]${ago === 0 ? '' : ` offset ${ago}d`})`;
}
