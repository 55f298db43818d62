import { METRICS } from '../../src/core/metrics/catalog.ts';
import type { Board, Panel, Variable } from './board.ts';
import { invoice, spendByInfo } from './breakdown.ts';
import { LEDGER } from './freshness.ts';
import { keyCosts, keyLimits } from './key-panels.ts';
import { queriesOf } from './promql.ts';
import { incomplete, windowTotal } from './totals.ts';

const variables: readonly Variable[] = ['provider', 'account'];
const queries = queriesOf({ variables });
const freshness = LEDGER;
const TEAM = ['team'];
const PROJECT = ['project', 'team'];

/** Spend without a team, as a share: what chargeback cannot charge. */
const unowned: Panel = {
  id: 5,
  kind: 'stat',
  title: 'Without a team',
  about: `Share of the month to date whose resource has no team, or that has no resource. Name teams at the provider to lower it. ${LEDGER}`,
  unit: 'percentunit',
  width: 6,
  queries: [{ expr: unownedShare() }],
  empty: 'Nothing has been read yet.',
};

function unownedShare(): string {
  const month = queries.gauge(METRICS.costMonthToDate, ['provider', 'account', 'resource']);
  const owned = `last_over_time(${queries.of(METRICS.resourceInfo, { also: 'team!=""' })}[2d])`;
  return `(sum(${month} unless on (provider, account, resource) ${owned}) or vector(0)) / (sum(${month}) > 0)`;
}

/** Who pays for what: teams, projects and API keys. */
export const chargeback: Board = {
  uid: 'ai-billing-chargeback',
  title: 'AI billing / Chargeback',
  about: 'Spend of teams, projects and API keys: this month, last month, by day and by month.',
  variables,
  back: '30d',
  rows: [
    {
      title: 'Totals',
      panels: [
        windowTotal(queries, 'month_to_date', { id: 1, width: 6, freshness }),
        windowTotal(queries, 'last_month', { id: 2, width: 6, freshness }),
        windowTotal(queries, 'today', { id: 3, width: 6, freshness }),
        unowned,
        incomplete(queries),
      ],
    },
    {
      title: 'Teams',
      panels: [
        invoice(queries, { id: 10, title: 'Teams', labels: TEAM, freshness }),
        spendByInfo(queries, 'day', { id: 11, title: 'Spend per day by team', labels: TEAM, freshness }),
        spendByInfo(queries, 'month', { id: 12, title: 'Spend per month by team', labels: TEAM, freshness }),
        invoice(queries, { id: 13, title: 'Kinds of resources', labels: ['kind'], freshness }),
      ],
    },
    {
      title: 'Projects',
      panels: [
        invoice(queries, { id: 20, title: 'Projects', labels: PROJECT, freshness }),
        spendByInfo(queries, 'day', {
          id: 21,
          title: 'Spend per day by project',
          labels: PROJECT,
          freshness,
        }),
      ],
    },
    {
      title: 'API keys',
      panels: [keyCosts(queries, { id: 32, width: 12 }), keyLimits(queries, { id: 31, width: 12 })],
    },
  ],
};
