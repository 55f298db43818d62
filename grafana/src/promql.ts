import type { Metric } from '../../src/core/metrics/catalog.ts';
import type { Variable } from './board.ts';

/** What every expression of a dashboard is narrowed by. */
export interface Scope {
  /** The one provider that the dashboard is about. */
  readonly provider?: string;
  readonly variables: readonly Variable[];
}

/** What one expression is narrowed by beside that. */
export interface Narrowing {
  /** Further matchers, such as `tier="paas"`. */
  readonly also?: string;
  /** Variables that mean something else than this metric's label does. */
  readonly open?: readonly Variable[];
}

/** Over which time, and seen from where: `6h`, and `@ end()` or nothing. */
export interface Window {
  readonly range: string;
  readonly at?: string;
}

/** The time that the dashboard shows, seen from its end, whatever the step. */
export const SHOWN: Window = { range: '$__range', at: ' @ end()' };

/** Writes the expressions of a dashboard. Labels are those to keep; dollars are US dollars. */
export type Queries = ReturnType<typeof queriesOf>;

export function queriesOf(scope: Scope) {
  const select = (name: string, labels: readonly string[], narrowing: Narrowing = {}) =>
    `${name}{${matchersOf(scope, labels, narrowing).join(', ')}}`;

  const of = (metric: Metric, narrowing?: Narrowing) => select(metric.name, metric.labels, narrowing);

  /** A window gauge: one value a series whoever was scraped for it, then summed. */
  const gauge = (metric: Metric, by: readonly string[], narrowing?: Narrowing) =>
    summed(by, `max by (${metric.labels.join(', ')}) (${of(metric, narrowing)})`);

  /** A gauge that may not be added up. */
  const latest = (metric: Metric, by: readonly string[] = metric.labels, narrowing?: Narrowing) =>
    `max by (${by.join(', ')}) (${of(metric, narrowing)})`;

  const increase = (metric: Metric, { range, at = '' }: Window, narrowing?: Narrowing) => {
    const over = (name: string) => `increase(${select(name, metric.labels, narrowing)}[${range}]${at})`;
    return metric.corrections ? `${over(metric.name)} - ${over(metric.corrections.name)}` : over(metric.name);
  };

  /** What was counted, less what was taken back. */
  const net = (metric: Metric, by: readonly string[], window: Window, narrowing?: Narrowing) =>
    counted(metric, by, increase(metric, window, narrowing));

  /** What was taken back alone. */
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
 * Adds up what instances of one job counted, for a pod that was replaced goes on under another name; and takes the highest of
 * several jobs, for they read the same bill.
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

/** The highest `count` series of the time shown. `at` writes the expression for a window; `by` are its labels. */
export function highest(
  count: number,
  by: readonly string[],
  { at, over }: { readonly at: (window: Window) => string; readonly over: Window },
): { readonly top: string; readonly others: string } {
  const matching = `on (${by.join(', ')}) topk(${count}, ${at(SHOWN)})`;
  const all = at(over);
  return { top: `${all} and ${matching}`, others: `sum(${all} unless ${matching})` };
}

/** The labels that make a resource one. */
export const RESOURCE = ['provider', 'account', 'resource'] as const;

/**
 * Puts the current names of resources on an expression that has the labels of {@link RESOURCE}. `info` selects the names: one
 * is taken for each resource, and a resource without any goes by its id.
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
 * A window of one day, as it stood at the last UTC midnight: steps of a subquery are multiples of their length since 1970. `ago` days
 * earlier with it.
 */
export function closedDay(dayEndingNow: string, ago = 0): string {
  return `last_over_time((${dayEndingNow})[1d:1d]${ago === 0 ? '' : ` offset ${ago}d`})`;
}
