import { METRICS } from '../../src/core/metrics/catalog.ts';
import type { Panel } from './board.ts';
import { COMPLETED_DAYS, LIVE } from './freshness.ts';
import type { Queries } from './promql.ts';

/** A difference below this is rounding. */
const MIN_DIFFERENCE_USD = 1;

function problem(expr: string, what: string): string {
  return `label_replace(${expr}, "problem", "${what}", "", "")`;
}

/** What is wrong now, in words: one row per problem, whether or not an alert rule is loaded. */
export function problems(queries: Queries, { id, width }: { id: number; width: number }): Panel {
  const { of, latest, net, withAccount } = queries;
  const feed = (expr: string) => `min by (provider, account, feed) (${expr})`;
  const account = ['provider', 'account'];
  const age = (also: string) => `time() - max by (provider, account) (${of(METRICS.dataThrough, { also })})`;
  const of_account = [
    problem(`${feed(of(METRICS.up))} == 0`, 'The last poll failed'),
    problem(
      `${age(`provider!~"${COMPLETED_DAYS.join('|')}"`)} > 10800`,
      'The data is more than three hours old',
    ),
    problem(
      `${age(`provider=~"${COMPLETED_DAYS.join('|')}"`)} > 97200`,
      'The last completed day has not been read',
    ),
    problem(`${latest(METRICS.canConsume)} == 0`, 'The balance is insufficient'),
    problem(`${latest(METRICS.runway)} < 172800`, 'The balance lasts less than two days'),
    problem(
      `abs(${latest(METRICS.reconciliation)}) > ${MIN_DIFFERENCE_USD}`,
      'The total of the provider differs from the sum of its items',
    ),
    problem(
      `${net(METRICS.unconverted, [...account, 'currency'], { range: '1d' })} > 0`,
      'Amounts in a currency without an exchange rate',
    ),
  ];
  const limit = latest(METRICS.budgetLimit);
  const other = [
    problem(`absent(${of(METRICS.buildInfo)})`, 'Prometheus does not scrape the exporter'),
    problem(`${latest(METRICS.budgetSpent)} > ${limit}`, 'The budget is exceeded'),
    problem(
      `${latest(METRICS.budgetForecast)} > ${limit} unless ${latest(METRICS.budgetSpent)} > ${limit}`,
      'The budget will be exceeded',
    ),
    problem(`${latest(METRICS.budgetMatches)} == 0`, 'A pattern of the budget matches no cost'),
    problem(
      `max by (instance) (${of(METRICS.configReloadOk)}) == 0`,
      'The last reload of the configuration failed',
    ),
  ];
  return {
    id,
    kind: 'table',
    title: 'What is wrong now',
    about: `Problems of feeds, balances, budgets and figures at this moment, without the delays of alerts. The board of the exporter's health has more about feeds. ${LIVE}`,
    unit: 'none',
    width,
    height: 7,
    labels: ['problem', 'provider', 'who', 'feed', 'currency', 'budget', 'instance'],
    sortBy: 'Problem',
    queries: [{ expr: `0 * (${withAccount(of_account.join(' or '))} or ${other.join(' or ')})` }],
    empty: 'Nothing: feeds work, data is current, balances last and budgets hold.',
  };
}
