import type { Panel } from '../../grafana/src/board.ts';
import { againstLastMonth, movers } from '../../grafana/src/overview-panels.ts';
import { problems } from '../../grafana/src/problems.ts';
import { named, queriesOf } from '../../grafana/src/promql.ts';
import { realServerTest } from '../support/programs/binaries.ts';
import { assertEvaluations } from '../support/programs/evaluate.ts';

const queries = queriesOf({ variables: [] });

/** A series that does not change; promtool's clock stands at noon of 1 January, after a month of 31 days. */
function still(name: string, labels: string, value: number): object {
  return { series: `ai_billing_${name}{job="j", instance="i", ${labels}}`, values: `${value}x800` };
}

/** An account whose last month was read completely or not, and whose month to date is known or not. */
function account(name: string, known: { readonly month: 0 | 1; readonly last: 0 | 1 }): object[] {
  const of = `provider="p", account="${name}"`;
  const item = `${of}, resource="r", model="", tier="", currency="USD"`;
  return [
    still('cost_window_complete', `${of}, window="month_to_date"`, known.month),
    still('cost_window_complete', `${of}, window="last_month"`, known.last),
    ...(known.month ? [still('cost_month_to_date_usd', item, 10)] : []),
    still('cost_last_month_usd', item, known.last ? 3100 : 310),
    still('cost_yesterday_usd', item, 150),
    still('cost_corrections_usd_total', item, 0),
    still('series', of, 1),
    still('resource_info', `${of}, resource="r", name="", kind="pod"`, 1),
  ];
}

const ACCOUNTS = [
  ...account('whole', { month: 1, last: 1 }),
  ...account('young', { month: 1, last: 0 }),
  ...account('late', { month: 0, last: 1 }),
];

function exprOf({ queries: all }: Panel, name: string): string {
  return all.find(({ column, legend }) => name === (column ?? legend))?.expr ?? '';
}

const compared = againstLastMonth(queries, { id: 1, width: 1 });
const moved = exprOf(movers(queries, { id: 1, width: 1 }), 'Before');
const wrong = problems(queries, { id: 1, width: 1 }).queries[0]?.expr ?? '';

/** How far the data of a provider reaches, in seconds before noon. */
const through = (provider: string, age: number) =>
  still('data_through_timestamp_seconds', `provider="${provider}", account="a", feed="f"`, 43_200 - age);

const HOUR = 3600;
const CASES = [
  {
    name: 'an even share of last month is of the accounts that both months contain',
    input: ACCOUNTS,
    expr: exprOf(compared, 'even share of last month'),
    expected: [{ labels: '{}', value: 50 }],
  },
  {
    name: 'the change is that of the same accounts',
    input: ACCOUNTS,
    expr: exprOf(compared, 'change'),
    expected: [{ labels: '{}', value: -0.8 }],
  },
  {
    name: 'an incomplete month has no average day to move from',
    input: ACCOUNTS,
    expr: `sum by (account) (${moved})`,
    expected: ['late', 'whole'].map((name) => ({ labels: `{account="${name}"}`, value: 100 })),
  },
  {
    name: 'a resource with properties but without a name goes by its id',
    input: account('whole', { month: 1, last: 1 }),
    expr: named('sum by (provider, account, resource) (ai_billing_cost_yesterday_usd)', queries.info()),
    expected: [{ labels: '{provider="p", account="whole", resource="r", name="r"}', value: 150 }],
  },
  {
    name: 'what is billed once the day is over is not old before the next day is due',
    input: [
      through('openrouter', 26 * HOUR),
      through('venice', 4 * HOUR),
      still('build_info', '', 1),
      ...['openrouter', 'venice'].map((provider) =>
        still('series', `provider="${provider}", account="a"`, 1),
      ),
    ],
    expr: `sum by (provider) (${wrong})`,
    expected: [{ labels: '{provider="venice"}', value: 0 }],
  },
];

realServerTest('dashboards: comparisons hold like against like', ['promtool'], (context, pathOf) =>
  assertEvaluations(context, pathOf('promtool'), CASES),
);
