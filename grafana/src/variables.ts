import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import { METRICS, type Metric } from '../../src/core/metrics/catalog.ts';
import type { Board, Variable } from './board.ts';
import { DATASOURCE } from './panels.ts';

/** The metric that has every value of a variable. */
const KNOWN_BY: Readonly<Record<Variable, Metric>> = {
  provider: METRICS.series,
  account: METRICS.series,
  model: METRICS.cost,
  resource: METRICS.cost,
  budget: METRICS.budgetLimit,
};

/** Variables with `""` as a value: spend without a model or resource belongs to *All*. */
const MAY_BE_EMPTY: readonly Variable[] = ['model', 'resource'];

/** Data source, job, instance, and the variables of the dashboard; each one filters those after it. */
export function variablesOf({ variables, provider }: Pick<Board, 'variables' | 'provider'>) {
  const source = new dashboard.DatasourceVariableBuilder('datasource')
    .label('Data source')
    .type('prometheus');
  const { name } = METRICS.buildInfo;
  return [
    source,
    choice('job', `label_values(${name}, job)`),
    choice('instance', `label_values(${name}{job=~"$job"}, instance)`),
    ...variables.map((variable, index) =>
      choice(variable, valuesOf(variable, { before: variables.slice(0, index), provider })),
    ),
  ];
}

interface Narrowed {
  readonly before: readonly Variable[];
  readonly provider: string | undefined;
}

function valuesOf(variable: Variable, { before, provider }: Narrowed): string {
  const { name, labels } = KNOWN_BY[variable];
  const narrowing = [
    'job',
    'instance',
    ...before.filter((each) => labels.includes(each) && each !== 'model'),
  ];
  const chosen = narrowing.map((each) => `${each}=~"$${each}"`);
  const matchers = provider === undefined ? chosen : [...chosen, `provider="${provider}"`];
  return `label_values(${name}{${matchers.join(', ')}}, ${variable})`;
}

function choice(name: Variable | 'job' | 'instance', query: string): dashboard.QueryVariableBuilder {
  const isEmptyToo = MAY_BE_EMPTY.some((each) => each === name);
  return new dashboard.QueryVariableBuilder(name)
    .label(name.charAt(0).toUpperCase() + name.slice(1))
    .datasource(DATASOURCE)
    .query(query)
    .definition(query)
    .refresh(dashboard.VariableRefresh.OnTimeRangeChanged)
    .sort(dashboard.VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .allValue(isEmptyToo ? '.*' : '.+')
    .current({ text: ['All'], value: ['$__all'] });
}
